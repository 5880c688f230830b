"""Reading tasks that need each other: what each does, and when and how it is carried out."""
