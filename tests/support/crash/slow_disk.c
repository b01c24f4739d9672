/* A disk that takes half a second for each fsync: preloaded into the server, it stands between it and the C library.
 *
 * It is slow while the file that SLOW_DISK names is there, and adds a letter to it for each fsync. Only what the server asks for by the
 * C library is seen, which is all of it: SQLite is compiled into the program and calls fsync and fdatasync like anybody. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
    const char *path = getenv("SLOW_DISK");
    int log = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (log < 0)
        return;
    struct timespec left = {0, 500 * 1000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    if (write(log, "f", 1) != 1)
        abort();
    close(log);
}

int fsync(int file)
{
    wait_for_the_disk();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    wait_for_the_disk();
    return (int)syscall(SYS_fdatasync, file);
}
