"""Bills of deals: what each of them said, and what is invoiced and paid of a deal by that."""
