from servers.fixtures import control_plane, embtune_plane

__all__ = ["control_plane", "embtune_plane"]
