"""The JSON documents of the store, a module for each step that writes them. Each is written once, create-only, unless it says
otherwise."""
