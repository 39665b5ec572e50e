#pragma once
// What glibc has and shows only under _GNU_SOURCE, which Swift's own Glibc module is built without.

#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define SLUICE_RENAME_NOREPLACE 1u  // RENAME_NOREPLACE, linux/fs.h
#define SLUICE_AT_EMPTY_PATH 0x1000  // AT_EMPTY_PATH, linux/fcntl.h

int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags);
int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buffer);

// Under a name of its own, for Swift takes statx for the struct's.
static inline int sluice_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buffer) {
    return statx(dirfd, path, flags, mask, buffer);
}
