#pragma once

#include <sqlite3.h>

// A function of variable arguments, which Swift does not see.
static inline int sluice_sqlite_stop_counting_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
