"""Which resources there are: searches, page by page, by the plan that suits."""
