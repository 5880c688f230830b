"""Known bugs, planted one at a time: which test catches each."""
