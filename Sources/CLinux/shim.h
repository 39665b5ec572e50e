#pragma once
// What glibc has and shows only under _GNU_SOURCE, which Swift's own Glibc module is built without.

#define SLUICE_RENAME_NOREPLACE 1u  // RENAME_NOREPLACE, linux/fs.h

int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags);
