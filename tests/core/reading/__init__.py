"""Reading definitions: what each part of the language becomes."""
