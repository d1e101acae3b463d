"""What several tests share: a tiny model, real rows, servers, processes."""
