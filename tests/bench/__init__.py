"""Speed, measured: each figure beside its goal. It prints, and asserts nothing on seconds."""
