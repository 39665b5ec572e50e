// Tells the thread sanitizer what Swift's libraries do, which are not instrumented, for scripts/sanitize. These functions
// stand before the libraries' own (LD_PRELOAD). Without them, what follows would be taken for races.
//
// * A mutex for which nobody waits is taken and left by instructions that the sanitizer sees. Otherwise the kernel hands
//   it on. Whoever leaves a mutex comes before whoever gets it.
// * An array that one thread has copied and let go of is changed in place by another, once it is alone with it. Whoever
//   lets go of an object comes before whoever finds that it is the last to have it.
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Missing in the processes that start the tests.
__attribute__((weak)) void __tsan_acquire(void *);
__attribute__((weak)) void __tsan_release(void *);

SWIFT void lock(uint32_t, SELF) __asm__(LOCK);
SWIFT void unlock(SELF) __asm__(UNLOCK);

static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

SWIFT void lock(uint32_t thread, SELF mutex) {
    static SWIFT void (*real)(uint32_t, SELF);
    if (!real) real = next(LOCK);
    real(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock(SELF mutex) {
    static SWIFT void (*real)(SELF);
    if (!real) real = next(UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    real(mutex);
}

// MARK: objects

size_t swift_retainCount(void *);

static void letGo(void *object) {
    if (!__tsan_release) return;
    __tsan_release(object);
    // The last one takes it apart.
    if (swift_retainCount(object) == 1) __tsan_acquire(object);
}

static bool seen(void *object, bool isUnique) {
    if (isUnique && object && __tsan_acquire) __tsan_acquire(object);
    return isUnique;
}

void swift_release(void *object) {
    static void (*real)(void *);
    if (!real) real = next("swift_release");
    if (object) letGo(object);
    real(object);
}

void swift_bridgeObjectRelease(void *object) {
    static void (*real)(void *);
    if (!real) real = next("swift_bridgeObjectRelease");
    // Some of its bits say that there is no object at all.
    if (object && !((uintptr_t)object & 0xF000000000000007)) letGo(object);
    real(object);
}

bool swift_isUniquelyReferenced_native(void *object) {
    static bool (*real)(void *);
    if (!real) real = next("swift_isUniquelyReferenced_native");
    return seen(object, real(object));
}

bool swift_isUniquelyReferenced_nonNull_native(void *object) {
    static bool (*real)(void *);
    if (!real) real = next("swift_isUniquelyReferenced_nonNull_native");
    return seen(object, real(object));
}
