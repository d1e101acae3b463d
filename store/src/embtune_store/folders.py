"""Folders of files in a store: uploaded with digests, verified when read back."""
