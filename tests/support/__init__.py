"""What tests share: a world on real servers, its truths, and readers that owe nothing to the product."""
