"""マイページ: the member self-care portal of a fibre ISP."""
