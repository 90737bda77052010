// Opening what lies below a directory that is held open, and nothing else: no link is followed on the way,
// and no
// ".." leads out of it. By openat2(2); where the kernel (before 5.6) or a sandbox does not have that, single
// names are opened by openat(2) with O_NOFOLLOW, which is as strict for them.
#pragma once

namespace actimanager::host {

// A descriptor that the caller closes, with O_CLOEXEC; -1 with errno: ELOOP a link, EXDEV out of the
// directory, ENOSYS a path of several names without openat2, or as open(2).
int open_beneath(int directory, const char* path, int flags);

}  // namespace actimanager::host
