"""What a page is made of: whom it poses as, what it asks for, what it leads to."""
