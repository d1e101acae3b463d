"""The checks of `embtune doctor`: each module looks at one thing and yields findings with their remedies."""
