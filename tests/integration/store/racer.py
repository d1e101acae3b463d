"""One of several processes that want the same object: `racer.py URI NAME`, then one order a line.

create KEY      prints True or False
count KEY N     adds 1 to the number at KEY, N times
upload PATH KEY
"""

import sys
from pathlib import Path

from embtune_store import Store, open_store


def main() -> None:
    store, name = open_store(sys.argv[1]), sys.argv[2]
    for order in sys.stdin:
        match order.split():
            case ["create", key]:
                answer(store.create(key, name.encode()))
            case ["count", key, times]:
                for _ in range(int(times)):
                    add_one(store, key)
                answer(True)
            case ["upload", path, key]:
                store.upload(Path(path), key)
                answer(True)


def add_one(store: Store, key: str) -> None:
    while True:
        seen = store.get_tagged(key)
        number, tag = (int(seen.data), seen.tag) if seen else (0, None)
        if store.swap(key, str(number + 1).encode(), tag):
            return


def answer(value: bool) -> None:
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
