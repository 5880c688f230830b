"""The rehearsal GitHub as an ASGI app: who may ask what, and how it is answered."""
