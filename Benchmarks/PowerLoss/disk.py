"""What a disk holds of a file system, beside what programs see of it: the model behind layer.py.

Programs see every change at once. The disk is promised only what was synced:

* The bytes and the size of a file: each write and each truncation since its last fsync is kept or lost by itself when the
  power goes, in whole or sector by sector; a file may have its new size and zeros where its bytes were lost.
* Names and attributes: one journal in the order of the changes, as ext4 and XFS keep it. A cut keeps a beginning of it.
  An fsync of a directory keeps all of it so far. What an fsync of a file does to it depends on the model:
  `ordered`, as ext4 does: it is kept up to the file's last change in it, if the file has one (an overwrite of bytes that
  are on disk has none); `harsh`: it is not kept any further, so that a synced file may have lost its name.
"""

import stat
import time

SECTOR = 512


class Node:
    """A file, directory or link, as programs see it; `disk` and `pending` are what the disk has of its bytes."""

    def __init__(self, number, mode, owner, group):
        now = time.time_ns()
        self.number, self.mode, self.owner, self.group = number, mode, owner, group
        self.links = 2 if stat.S_ISDIR(mode) else 1
        self.accessed = self.modified = self.changed = now
        self.entries = {} if stat.S_ISDIR(mode) else None
        self.target = b""
        self.device = 0
        self.bytes = bytearray()
        self.disk = b""
        self.pending = []
        # The place in the journal of its last change there.
        self.journaled = 0

    def attributes(self):
        return {name: getattr(self, name) for name in
                ("mode", "owner", "group", "accessed", "modified", "changed", "target", "device")}


class Disk:
    """A tree of nodes, and the journal of what the disk has not got of it so far."""

    ROOT = 1

    def __init__(self):
        root = Node(Disk.ROOT, stat.S_IFDIR | 0o755, 0, 0)
        self.nodes = {Disk.ROOT: root}
        self.next = 2
        # What the disk has: attributes by node, and the names in each directory.
        self.known = {Disk.ROOT: root.attributes()}
        self.names = {Disk.ROOT: {}}
        self.journal = []
        # How many changes the disk has got; the journal begins there.
        self.committed = 0

    # What programs do.

    def add(self, parent, name, mode, owner, group, target=b"", device=0):
        node = Node(self.next, mode, owner, group)
        node.target, node.device = target, device
        self.next += 1
        self.nodes[node.number] = node
        folder = self.nodes[parent]
        folder.entries[name] = node.number
        if node.entries is not None:
            folder.links += 1
        self.touch(folder)
        self.record(node, ("add", node.number, node.attributes(), parent, name))
        return node

    def link(self, node, parent, name):
        self.nodes[parent].entries[name] = node.number
        node.links += 1
        node.changed = time.time_ns()
        self.touch(self.nodes[parent])
        self.record(node, ("link", node.number, parent, name, node.changed))

    def remove(self, parent, name):
        folder = self.nodes[parent]
        node = self.nodes[folder.entries.pop(name)]
        self.unlinked(node, folder)
        self.record(node, ("unlink", parent, name))
        return node

    def rename(self, parent, name, newParent, newName, exchange=False):
        source, target = self.nodes[parent], self.nodes[newParent]
        node = self.nodes[source.entries[name]]
        other = target.entries.get(newName)
        other = None if other is None else self.nodes[other]
        if node is other:
            return
        if exchange:
            source.entries[name] = other.number
        else:
            del source.entries[name]
            if other is not None:
                self.unlinked(other, target)
        target.entries[newName] = node.number
        if node.entries is not None and not exchange:
            source.links -= 1
            target.links += 1
        node.changed = time.time_ns()
        self.touch(source)
        self.touch(target)
        change = ("rename", node.number, parent, name, newParent, newName, exchange, node.changed)
        self.record(node, change)
        if other is not None:
            other.journaled = node.journaled

    def unlinked(self, node, folder):
        node.links -= 2 if node.entries is not None else 1
        if node.entries is not None:
            folder.links -= 1
        node.changed = time.time_ns()
        self.touch(folder)

    def touch(self, folder):
        folder.modified = folder.changed = time.time_ns()

    def set(self, node, **attributes):
        node.changed = time.time_ns()
        for name, value in attributes.items():
            setattr(node, name, value)
        self.record(node, ("set", node.number, {**attributes, "changed": node.changed}))

    def write(self, node, offset, data):
        if offset > len(node.bytes):
            node.bytes.extend(bytes(offset - len(node.bytes)))
        node.bytes[offset:offset + len(data)] = data
        node.modified = node.changed = time.time_ns()
        node.pending.append(("write", offset, bytes(data), node.modified))

    def truncate(self, node, size):
        resize(node.bytes, size)
        node.modified = node.changed = time.time_ns()
        node.pending.append(("truncate", size, None, node.modified))

    def record(self, node, change):
        self.journal.append(change)
        node.journaled = self.committed + len(self.journal)

    # What reaches the disk.

    def sync(self, node, model):
        """fsync(2) of a file or a directory."""
        if node.entries is not None:
            self.commit(len(self.journal))
            return
        node.disk, node.pending = bytes(node.bytes), []
        if node.number in self.known:
            self.known[node.number].update(modified=node.modified)
        if model == "ordered":
            self.commit(node.journaled - self.committed)

    def commit(self, count):
        for change in self.journal[:max(0, count)]:
            self.apply(change)
        del self.journal[:max(0, count)]
        self.committed += max(0, count)

    def apply(self, change):
        match change:
            case ("add", number, attributes, parent, name):
                self.known[number] = dict(attributes)
                self.names[parent][name] = number
                if stat.S_ISDIR(attributes["mode"]):
                    self.names[number] = {}
            case ("link", number, parent, name, changed):
                self.names[parent][name] = number
                self.known[number]["changed"] = changed
            case ("unlink", parent, name):
                self.names[parent].pop(name)
            case ("rename", number, parent, name, newParent, newName, exchange, changed):
                other = self.names[newParent].get(newName)
                del self.names[parent][name]
                self.names[newParent][newName] = number
                if exchange:
                    self.names[parent][name] = other
                self.known[number]["changed"] = changed
            case ("set", number, attributes):
                self.known[number].update(attributes)

    def cut(self, chance):
        """The power goes. What is left is another disk."""
        mood = chance.random()
        count = len(self.journal)
        # Sometimes all of the journal is lost, sometimes none.
        self.commit(0 if mood < 0.35 else count if mood < 0.5 else chance.randint(0, count))
        keeps = 0.0 if mood < 0.2 else chance.choice([0.0, 0.5, 1.0])
        left = Disk()
        left.next = self.next
        links = {}
        for folder, names in self.names.items():
            for number in names.values():
                links[number] = links.get(number, 0) + 1
        for number in self.reachable():
            node = Node(number, 0, 0, 0)
            for name, value in self.known[number].items():
                setattr(node, name, value)
            if number in self.names:
                node.entries = dict(self.names[number])
                node.links = 2 + sum(child in self.names for child in node.entries.values())
            else:
                node.links = links[number]
                node.disk = survivor(self.nodes[number], chance, keeps)
                node.bytes = bytearray(node.disk)
                node.entries = None
            left.nodes[number] = node
            left.known[number] = node.attributes()
            if number in self.names:
                left.names[number] = dict(node.entries)
        return left

    def reachable(self):
        found, waiting = [], [Disk.ROOT]
        seen = set(waiting)
        while waiting:
            number = waiting.pop()
            found.append(number)
            for child in self.names.get(number, {}).values():
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return found


def survivor(node, chance, keeps):
    """The bytes of a file after a cut: those that were synced, and of what came later what luck keeps."""
    content = bytearray(node.disk)
    for sort, place, data, _ in node.pending:
        luck = chance.random()
        if sort == "truncate":
            if luck < keeps or chance.random() < 0.5:
                resize(content, place)
        elif luck < keeps:
            put(content, place, data)
        elif luck < keeps + 0.3:
            # Torn: some of its sectors.
            start = place
            while start < place + len(data):
                end = min((start // SECTOR + 1) * SECTOR, place + len(data))
                if chance.random() < 0.5:
                    put(content, start, data[start - place:end - place])
                start = end
        elif chance.random() < 0.5 and place + len(data) > len(content):
            # The new size, and nothing in it.
            resize(content, place + len(data))
    return bytes(content)


def put(content, place, data):
    if place > len(content):
        resize(content, place)
    content[place:place + len(data)] = data


def resize(content, size):
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
