"""What ended processes counted is added up in a few files: nothing is lost or counted twice, killed or at once."""

import multiprocessing
import os
import time
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families

from common import metrics_files

DEAD = 2**22  # and above: no process has such an id


def counted(folder, pid, **outcomes):
    """It counts this, and observes 0.3 seconds as often; with the id of a former one, it goes on in its files."""
    observed = sum(outcomes.values())
    keys = {mmap_key("requests", "requests_total", ["outcome"], [each], "Help."): outcomes[each] for each in outcomes}
    add(folder / f"counter_{pid}.db", keys)
    keys = {mmap_key("took", "took_sum", [], [], "Help."): 0.3 * observed}
    for bound, times in {"0.1": 0, "0.5": observed, "+Inf": 0}.items():
        keys[mmap_key("took", "took_bucket", ["le"], [bound], "Help.")] = times
    add(folder / f"histogram_{pid}.db", keys)


def add(path, keys):
    file = MmapedDict(str(path))
    for key, times in keys.items():
        file.write_value(key, file.read_value(key)[0] + times, 0)
    file.close()


def scraped(folder):
    families = text_string_to_metric_families(metrics_files.text(folder).decode())
    return {
        (sample.name, *sample.labels.values()): round(sample.value, 6) for each in families for sample in each.samples
    }


def told(ok, bad=None):
    observed = ok + (bad or 0)
    buckets = {("took_bucket", "0.1"): 0, ("took_bucket", "0.5"): observed, ("took_bucket", "+Inf"): observed}
    outcomes = {("requests_total", "ok"): ok} | ({} if bad is None else {("requests_total", "bad"): bad})
    return outcomes | buckets | {("took_count",): observed, ("took_sum",): round(0.3 * observed, 6)}


def names(folder):
    return {path.name for path in folder.glob("*.db")}


def test_those_of_the_dead_become_one_of_each_kind_again_and_again(tmp_path):
    counted(tmp_path, os.getpid(), ok=1)
    for each in range(50):
        counted(tmp_path, DEAD + each, ok=10, bad=2)
    (tmp_path / f"counter_{DEAD + 50}.db").touch()  # of one that was killed while it made it
    of_ours = {f"{kind}_{os.getpid()}.db" for kind in ("counter", "histogram")}

    assert scraped(tmp_path) == told(501, 100)
    assert names(tmp_path) == of_ours | {"counter_sum.1.db", "histogram_sum.1.db"}
    assert scraped(tmp_path) == told(501, 100)
    assert names(tmp_path) == of_ours | {"counter_sum.1.db", "histogram_sum.1.db"}

    counted(tmp_path, DEAD, ok=100)  # one that has the id of a former one, and has ended, too
    assert scraped(tmp_path) == told(601, 100)
    assert names(tmp_path) == of_ours | {"counter_sum.2.db", "histogram_sum.2.db"}
    assert sum(path.stat().st_size for path in tmp_path.glob("*_sum.*")) < 2_000


def test_killed_at_any_step_nothing_is_lost_or_counted_twice(tmp_path, monkeypatch):
    """Before each of its renames and deletions; then others read, an id is used again, and the next one goes on."""
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        counted(folder, DEAD + 8, ok=5)
        metrics_files.add_up_ended(folder)
        for each in range(2):
            counted(folder, DEAD + each, ok=10, bad=2)
        with monkeypatch.context() as killed:
            steps = iter(range(step))
            for name in ("rename", "unlink"):
                killed.setattr(Path, name, dying_after(steps, getattr(Path, name)))
            try:
                metrics_files.add_up_ended(folder)
            except KeyboardInterrupt:
                finished = False
            else:
                finished = True
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(metrics_files, "add_up_ended", lambda folder: None)
            assert scraped(folder) == told(25, 4)
        counted(folder, DEAD, ok=3)
        assert scraped(folder) == scraped(folder) == told(28, 4)
        assert names(folder) <= {f"{kind}_sum.{n}.db" for kind in ("counter", "histogram") for n in (2, 3, 4)}
        assert len(names(folder)) == 2
        if finished:
            break
    assert finished and step > 10


def dying_after(steps, real):
    def instead(*arguments, **options):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    return instead


def test_many_at_once_read_all_that_was_counted_and_once(tmp_path):
    """Three add up and read without a pause, while processes come, count and end."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    context = multiprocessing.get_context("fork")
    ended, done, wrong = context.Value("i", 0), context.Event(), context.Queue()
    readers = [context.Process(target=read_until, args=(done, tmp_path, ended, wrong)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(8):
        for _ in range(15):
            counted(elsewhere, DEAD + ended.value, ok=1)  # since it does not run, its file has to come as a whole
            for path in elsewhere.iterdir():
                path.rename(tmp_path / path.name)
            ended.value += 1
        time.sleep(0.15)
    done.set()
    for reader in readers:
        reader.join(20)

    assert [reader.exitcode for reader in readers] == [0, 0, 0]
    assert wrong.empty(), wrong.get()
    assert scraped(tmp_path) == told(120)
    assert len(names(tmp_path)) == 2


def read_until(done, folder, ended, wrong):
    while not done.is_set():
        at_least = ended.value
        found = scraped(folder).get(("requests_total", "ok"), 0)
        if not at_least <= found <= ended.value + 1:
            wrong.put((at_least, found, ended.value))
            return


def test_a_full_disk_changes_nothing(tmp_path, monkeypatch):
    counted(tmp_path, DEAD, ok=1)
    monkeypatch.setattr(os, "posix_fallocate", lambda *arguments: (_ for _ in ()).throw(OSError(28, "full")))

    assert scraped(tmp_path) == scraped(tmp_path) == told(1)
    monkeypatch.undo()
    counted(tmp_path, DEAD, ok=2)
    assert scraped(tmp_path) == scraped(tmp_path) == told(3)
    assert len(names(tmp_path)) == 2
