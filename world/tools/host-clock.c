/*
 * Preloaded into a process, sets its clocks back by offsets in a file of two 64-bit integers, in ns, mapped into memory: the
 * first for the monotonic clock, the second for the clocks that a suspended host does not stop (wall clock, boot time). Whoever
 * stops the process by SIGSTOP, raises both and continues it plays a virtual machine that was paused; who raises only the first,
 * a host that was suspended.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static volatile int64_t none[2];
static volatile int64_t *offsets = none;

__attribute__((constructor)) static void map_offsets(void) {
  const char *path = getenv("MUSTER_HOST_CLOCK");
  int fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) offsets = mapped;
}

static struct timespec moved(struct timespec at, int64_t by_ns) {
  int64_t ns = (int64_t)at.tv_sec * NS_PER_S + at.tv_nsec + by_ns;
  return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(clock, at);
  if (failed) return failed;
  switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
      *at = moved(*at, -offsets[0]);
      break;
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      *at = moved(*at, -offsets[1]);
      break;
    default:
      break;
  }
  return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int failed = clock_gettime(CLOCK_REALTIME, &now);
  if (failed) return failed;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

/* The end of a wait is a time of the shifted clock; the kernel compares it with the true one. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  typedef int wait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  static wait *real;
  if (!real) real = (wait *)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!real) real = (wait *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  struct timespec true_until = moved(*until, offsets[0]);
  return real(cond, mutex, &true_until);
}

/* The time since boot, as `os.uptime()` reads it. */
static int uptime_file(void) {
  struct timespec since_boot;
  if (clock_gettime(CLOCK_BOOTTIME, &since_boot)) return -1;
  int fd = memfd_create("uptime", MFD_CLOEXEC);
  if (fd < 0) return -1;
  dprintf(fd, "%lld.%02ld 0.00\n", (long long)since_boot.tv_sec, since_boot.tv_nsec / 10000000);
  lseek(fd, 0, SEEK_SET);
  return fd;
}

static int open_any(const char *path, int flags, mode_t mode) {
  if (strcmp(path, "/proc/uptime") == 0) return uptime_file();
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                     \
  int name(const char *path, int flags, ...) {                         \
    va_list more;                                                      \
    va_start(more, flags);                                             \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                      \
    return open_any(path, flags, mode);                                \
  }

OPEN(open)
OPEN(open64)
