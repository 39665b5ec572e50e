"""A file system in memory that forgets what was not synced (disk.py), mounted by FUSE.

    layer.py FOLDER --image FILE [--seed S] [--model ordered|harsh] [--forget PATTERN]

Says `ready` when it is mounted, and does as the lines say that it reads:

    arm N    the power goes before the N-th operation from now that changes something or syncs
    cut      it goes now
    count    says how many such operations there were
    syncs    says how often fsync was called, by path, as JSON
    end      ends, without a word of what the disk holds

When the power goes it says `cut`, and answers nothing any more. On the line `go` it ends, and FILE has what the disk held:
give it to the next run. `--forget` takes fsyncs of paths that match for nothing.
"""

import argparse
import errno
import json
import os
import pickle
import random
import re
import stat
import sys

import pyfuse3
import trio
from disk import Disk

NOREPLACE, EXCHANGE = 1, 2
LONG = 300


class Layer(pyfuse3.Operations):
    enable_writeback_cache = False

    def __init__(self, disk, options):
        super().__init__()
        self.disk, self.options = disk, options
        self.operations = 0
        self.last = None
        self.forget_syncs = re.compile(options.forget) if options.forget is not None else None
        # By path, how often fsync was called: docs/durability.md names each.
        self.syncs = {}

    # Operations that change something.

    def step(self):
        if self.operations == self.last:
            self.cut()
        self.operations += 1

    def cut(self):
        """Blocks the one thread that answers: nothing more happens on this disk."""
        left = self.disk.cut(random.Random(self.options.seed))
        with open(self.options.image, "wb") as image:
            pickle.dump(left, image)
        say("cut")
        while hear() not in ("go", ""):
            pass
        os._exit(0)

    async def create(self, parent, name, mode, flags, ctx):
        folder = self.folder(parent)
        if name in folder.entries:
            raise pyfuse3.FUSEError(errno.EEXIST)
        self.step()
        node = self.disk.add(parent, name, stat.S_IFREG | (mode & ~ctx.umask & 0o7777), ctx.uid, ctx.gid)
        return pyfuse3.FileInfo(fh=node.number, keep_cache=True), self.attributes(node)

    async def mkdir(self, parent, name, mode, ctx):
        return self.make(parent, name, stat.S_IFDIR | (mode & ~ctx.umask & 0o7777), ctx)

    async def mknod(self, parent, name, mode, rdev, ctx):
        return self.make(parent, name, mode & ~ctx.umask, ctx, device=rdev)

    async def symlink(self, parent, name, target, ctx):
        return self.make(parent, name, stat.S_IFLNK | 0o777, ctx, target=target)

    def make(self, parent, name, mode, ctx, target=b"", device=0):
        if name in self.folder(parent).entries:
            raise pyfuse3.FUSEError(errno.EEXIST)
        self.step()
        return self.attributes(self.disk.add(parent, name, mode, ctx.uid, ctx.gid, target, device))

    async def link(self, number, parent, name, ctx):
        if name in self.folder(parent).entries:
            raise pyfuse3.FUSEError(errno.EEXIST)
        self.step()
        node = self.disk.nodes[number]
        self.disk.link(node, parent, name)
        return self.attributes(node)

    async def unlink(self, parent, name, ctx):
        self.entry(parent, name)
        self.step()
        self.disk.remove(parent, name)

    async def rmdir(self, parent, name, ctx):
        if self.entry(parent, name).entries:
            raise pyfuse3.FUSEError(errno.ENOTEMPTY)
        self.step()
        self.disk.remove(parent, name)

    async def rename(self, parent, name, newParent, newName, flags, ctx):
        self.entry(parent, name)
        other = self.folder(newParent).entries.get(newName)
        if flags & ~(NOREPLACE | EXCHANGE):
            raise pyfuse3.FUSEError(errno.EINVAL)
        if flags & NOREPLACE and other is not None:
            raise pyfuse3.FUSEError(errno.EEXIST)
        if flags & EXCHANGE and other is None:
            raise pyfuse3.FUSEError(errno.ENOENT)
        if not flags and other is not None and self.disk.nodes[other].entries:
            raise pyfuse3.FUSEError(errno.ENOTEMPTY)
        self.step()
        self.disk.rename(parent, name, newParent, newName, bool(flags & EXCHANGE))

    async def setattr(self, number, attr, fields, fh, ctx):
        node = self.disk.nodes[number]
        self.step()
        if fields.update_size:
            self.disk.truncate(node, attr.st_size)
        changes = {}
        if fields.update_mode:
            changes["mode"] = attr.st_mode
        if fields.update_uid:
            changes["owner"] = attr.st_uid
        if fields.update_gid:
            changes["group"] = attr.st_gid
        if fields.update_mtime:
            changes["modified"] = attr.st_mtime_ns
        if fields.update_atime:
            changes["accessed"] = attr.st_atime_ns
        if changes:
            self.disk.set(node, **changes)
        return self.attributes(node)

    async def write(self, number, offset, data):
        self.step()
        self.disk.write(self.disk.nodes[number], offset, data)
        return len(data)

    async def fsync(self, number, datasync):
        self.sync(number)

    async def fsyncdir(self, number, datasync):
        self.sync(number)

    def sync(self, number):
        self.step()
        path = self.path(number)
        self.syncs[path] = self.syncs.get(path, 0) + 1
        if self.forget_syncs is None or not self.forget_syncs.search(path):
            self.disk.sync(self.disk.nodes[number], self.options.model)

    def path(self, number):
        """As programs see it; a file that has lost its name has none."""
        waiting = [(Disk.ROOT, "")]
        while waiting:
            folder, path = waiting.pop()
            if folder == number:
                return path or "/"
            for name, child in (self.disk.nodes[folder].entries or {}).items():
                waiting.append((child, f"{path}/{os.fsdecode(name)}"))
        return "(no name)"

    # Operations that only look.

    def folder(self, number):
        node = self.disk.nodes[number]
        if node.entries is None:
            raise pyfuse3.FUSEError(errno.ENOTDIR)
        return node

    def entry(self, parent, name):
        folder = self.folder(parent)
        if name == b".":
            return folder
        if name not in folder.entries:
            raise pyfuse3.FUSEError(errno.ENOENT)
        return self.disk.nodes[folder.entries[name]]

    async def lookup(self, parent, name, ctx=None):
        return self.attributes(self.entry(parent, name))

    async def getattr(self, number, ctx=None):
        return self.attributes(self.disk.nodes[number])

    def attributes(self, node):
        entry = pyfuse3.EntryAttributes()
        entry.st_ino, entry.st_mode, entry.st_nlink = node.number, node.mode, max(0, node.links)
        entry.st_uid, entry.st_gid, entry.st_rdev = node.owner, node.group, node.device
        entry.st_size = len(node.target) if stat.S_ISLNK(node.mode) else len(node.bytes)
        entry.st_blksize, entry.st_blocks = 4096, (len(node.bytes) + 511) // 512
        entry.st_atime_ns, entry.st_mtime_ns, entry.st_ctime_ns = node.accessed, node.modified, node.changed
        entry.entry_timeout = entry.attr_timeout = LONG
        return entry

    async def readlink(self, number, ctx):
        return self.disk.nodes[number].target

    async def open(self, number, flags, ctx):
        return pyfuse3.FileInfo(fh=number, keep_cache=True)

    async def opendir(self, number, ctx):
        return number

    async def read(self, number, offset, size):
        return bytes(self.disk.nodes[number].bytes[offset:offset + size])

    async def readdir(self, number, start, token):
        children = sorted((child, name) for name, child in self.disk.nodes[number].entries.items())
        for child, name in children:
            if child > start:
                if not pyfuse3.readdir_reply(token, name, self.attributes(self.disk.nodes[child]), child):
                    return

    async def access(self, number, mode, ctx):
        return True

    async def flush(self, number):
        pass

    async def release(self, number):
        pass

    async def releasedir(self, number):
        pass

    async def forget(self, forgotten):
        pass

    async def statfs(self, ctx):
        status = pyfuse3.StatvfsData()
        status.f_bsize = status.f_frsize = 4096
        status.f_blocks = status.f_bfree = status.f_bavail = 1 << 24
        status.f_files = status.f_ffree = status.f_favail = 1 << 20
        status.f_namemax = 255
        return status


def say(word):
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def hear():
    """One line, and nothing behind it: what is left has to stay readable. Empty at the end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line.decode().strip()


async def listen(layer):
    """The lines of whoever started this."""
    while True:
        await trio.lowlevel.wait_readable(0)
        match hear():
            case "count":
                say(str(layer.operations))
            case "syncs":
                say(json.dumps(layer.syncs))
            case "cut":
                layer.cut()
            case arm if arm.startswith("arm "):
                layer.last = layer.operations + int(arm.split()[1])
                say("armed")
            case _:
                os._exit(0)


async def serve(layer):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pyfuse3.main)
        nursery.start_soon(listen, layer)
        say("ready")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--image", required=True)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--model", choices=["ordered", "harsh"], default="ordered")
    options.add_argument("--forget")
    options = options.parse_args()
    disk = Disk()
    if os.path.exists(options.image):
        with open(options.image, "rb") as image:
            disk = pickle.load(image)
    layer = Layer(disk, options)
    pyfuse3.init(layer, options.folder, {"fsname=powerloss", "allow_other", "default_permissions"})
    trio.run(serve, layer)


main()
