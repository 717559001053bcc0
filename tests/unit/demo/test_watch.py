import json
import os
from threading import Thread

import pytest

from demo.watch import read_objects

OBJECTS = [{"a": 1}, {"b": {"c": 'naïve } { " 数'}}, {}]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("indent", [None, 4])
def test_objects_are_read_however_the_pipe_cuts_them(size: int, indent: int | None):
    text = "".join(json.dumps(o, indent=indent, ensure_ascii=False) + "\n" for o in OBJECTS).encode()
    reader, writer = os.pipe()

    def write() -> None:
        for start in range(0, len(text), size):
            os.write(writer, text[start : start + size])
        os.close(writer)

    thread = Thread(target=write)
    thread.start()
    assert list(read_objects(reader)) == OBJECTS
    thread.join()
    os.close(reader)
