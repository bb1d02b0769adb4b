-- Mail that a member's Sieve script forwards comes back from this host, as auto-replies do. It is somebody else's: signed,
-- a forged From of one of our domains would leave as ours. It was checked when it came, and its results stay.
if odkim.internal_ip(ctx) == 1 and odkim.get_header(ctx, "X-Sieve-Redirected-From", 0) ~= nil then
    odkim.set_result(ctx, SMFIS_ACCEPT)
end
return nil
