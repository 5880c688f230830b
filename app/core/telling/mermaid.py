"""What all Mermaid graphs share."""


def escaped(text: str) -> str:
    """Write what is no letter as Mermaid's own entity: `#35;` is `#`.

    https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    return "".join(
        each if each.isalnum() or each in " _,.-" else f"#{ord(each)};" for each in text
    )
