# Linux as it is. A fork costs what it copies, and after it each page that parent or child touches is
# copied, too: hence no modules, not even `warnings` (perl -w does), and no file handles of Perl on
# the way of a start, which together made one a third dearer. Numbers from the kernel's headers
# (asm/unistd.h, asm/fcntl.h, asm-generic/errno-base.h).
package Kernel;
use strict;

my $sys;
BEGIN {
    my %NUMBERS = (
        x64 => {
            read => 0, write => 1, openat => 257, pipe2 => 293, ftruncate => 77, dup3 => 292, rt_sigprocmask => 14,
            execve => 59, exit_group => 231, setsid => 112, prctl => 157, clock_gettime => 228, close => 3,
            signalfd4 => 289, setgroups => 116, setresgid => 119, setresuid => 117, prlimit64 => 302,
            nofollow => 0400000,
        },
        arm64 => {
            read => 63, write => 64, openat => 56, pipe2 => 59, ftruncate => 46, dup3 => 24, rt_sigprocmask => 135,
            execve => 221, exit_group => 94, setsid => 157, prctl => 167, clock_gettime => 113, close => 57,
            signalfd4 => 74, setgroups => 159, setresgid => 149, setresuid => 147, prlimit64 => 261,
            nofollow => 0100000,
        },
    );
    my $machine = $ARGV[2] // 'unknown';
    $sys = $NUMBERS{$machine} or die "no system call numbers for $machine: known are x64 and arm64\n";
    my $nofollow = $sys->{nofollow};
    *O_NOFOLLOW = sub () { $nofollow };
}

# Constants as Perl inlines them.
sub BUFFER_SIZE() { 4096 }
sub EPERM() { 1 } sub ENOENT() { 2 } sub EINTR() { 4 } sub EAGAIN() { 11 } sub EACCES() { 13 }
sub EEXIST() { 17 } sub ENOTDIR() { 20 } sub ENOSPC() { 28 } sub O_RDONLY() { 0 } sub O_WRONLY() { 1 }
sub O_CREAT() { 0100 } sub O_EXCL() { 0200 } sub O_APPEND() { 02000 } sub O_TRUNC() { 01000 }
sub O_NONBLOCK() { 04000 } sub O_CLOEXEC() { 02000000 } sub AT_FDCWD() { -100 } sub F_GETFL() { 3 }
sub F_SETFL() { 4 } sub WNOHANG() { 1 } sub SIGCHLD() { 17 } sub SIG_SETMASK() { 2 }
sub PR_SET_NO_NEW_PRIVS() { 38 } sub RLIMIT_DATA() { 2 }
sub PR_SET_CHILD_SUBREAPER() { 36 } sub CLOCK_BOOTTIME() { 7 } sub SFD_NONBLOCK_CLOEXEC() { 02004000 }

my ($stamp, $pair, $buffer) = ("\0" x 16, "\0" x 8, "\0" x BUFFER_SIZE);
my ($sigchld, $all_signals, $no_signals) = map { pack 'Q', $_ } 1 << (SIGCHLD - 1), ~0, 0;

# Gives the caller these constants by their plain names.
sub share {
    my ($package) = caller;
    no strict 'refs';
    *{"${package}::$_"} = \&{"Kernel::$_"} for @_;
    return;
}

# ms since the epoch.
sub now {
    syscall($sys->{clock_gettime}, 0, $stamp);
    my ($s, $ns) = unpack 'qq', $stamp;
    return $s * 1000 + int($ns / 1_000_000);
}

# Clock ticks since boot (1/100 s, as user space counts everywhere), as field 22 of /proc/<pid>/stat
# has them: the kernel takes that from this clock, too.
sub ticks_since_boot {
    syscall($sys->{clock_gettime}, CLOCK_BOOTTIME, $stamp);
    my ($s, $ns) = unpack 'qq', $stamp;
    return $s * 100 + int($ns / 10_000_000);
}

# All signals are blocked for good: none ends us, and a child needs but one call to be rid of that.
# SIGCHLD arrives as something to read: no handler, hence no race with select. Returns a descriptor.
sub child_signals {
    # Ignored by Perl; a child would inherit it.
    $SIG{FPE} = 'DEFAULT';
    syscall($sys->{rt_sigprocmask}, SIG_SETMASK, $all_signals, 0, 8);
    my $fd = syscall($sys->{signalfd4}, -1, $sigchld, 8, SFD_NONBLOCK_CLOEXEC);
    die "signalfd: $!\n" if $fd < 0;
    return $fd;
}

sub unblock_signals { return syscall($sys->{rt_sigprocmask}, SIG_SETMASK, $no_signals, 0, 8) }

# These return a negative number, and set `$!`, where they fail. What is opened is closed by exec.
sub open_fd {
    # A copy: syscall wants to be able to write to its strings.
    my ($path, $flags, $mode) = @_;
    return syscall($sys->{openat}, AT_FDCWD, $path, $flags | O_CLOEXEC, $mode // 0);
}
sub write_fd {
    my ($fd, $text) = @_;
    return syscall($sys->{write}, $fd, $text, length $text);
}
sub truncate_fd { return syscall($sys->{ftruncate}, $_[0], $_[1]) }
sub close_fd { return syscall($sys->{close}, $_[0]) }

# Up to 4 KiB; undef on failure, empty at the end.
sub read_fd {
    my $n = syscall($sys->{read}, $_[0], $buffer, BUFFER_SIZE);
    return $n < 0 ? undef : substr $buffer, 0, $n;
}

# Both ends, not blocking; nothing on failure.
sub new_pipe { return syscall($sys->{pipe2}, $pair, O_CLOEXEC | O_NONBLOCK) < 0 ? () : unpack 'll', $pair }

# Orphans of our descendants come to us and not to init, so that they can be seen and reaped.
sub adopt_orphans { return syscall($sys->{prctl}, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

# For good, whatever program is entered: no set-user-id file and no file capability counts any more.
sub renounce_privileges { return syscall($sys->{prctl}, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 }

# All three ids of each kind, and the supplementary groups. False when not all of it could be done, or
# when there is a way back.
sub become_user {
    my ($uid, $gid, @groups) = @_;
    my $list = pack 'L*', @groups;
    return 0 if syscall($sys->{setgroups}, scalar @groups, $list) < 0;
    return 0 if syscall($sys->{setresgid}, $gid, $gid, $gid) < 0;
    return 0 if syscall($sys->{setresuid}, $uid, $uid, $uid) < 0;
    return 1 if $uid == 0 || syscall($sys->{setresuid}, 0, 0, 0) < 0;
    $! = EPERM;
    return 0;
}

# Bytes of private writable memory that this process, and each that it starts, may have.
sub limit_data {
    my $limit = pack 'QQ', $_[0], $_[0];
    return syscall($sys->{prlimit64}, 0, RLIMIT_DATA, $limit, 0) == 0;
}

sub new_session { return syscall($sys->{setsid}) }

sub duplicate { return syscall($sys->{dup3}, $_[0], $_[1], 0) == $_[1] }

# At once, without what Perl does at its end.
sub leave { return syscall($sys->{exit_group}, $_[0]) }

# Replaces this process; returns the error number when it could not. Straight to the kernel: execvp
# of the C library would hand a file of unknown format to a shell.
sub execute {
    my ($program, $argv, $env) = @_;
    syscall($sys->{execve}, $program, $argv, $env);
    return $! + 0;
}

# An array of pointers to C strings, NULL at its end; the strings must stay where they are.
sub vector { return pack 'p*', @{ $_[0] }, undef }

# All of a file; undef when it cannot be read.
sub slurp {
    my ($path) = @_;
    my $fd = open_fd($path, O_RDONLY);
    return undef if $fd < 0;
    my ($text, $part) = ('');
    $text .= $part while defined($part = read_fd($fd)) && length $part;
    close_fd($fd);
    return defined $part ? $text : undef;
}

# Of /proc/<pid>/stat: state, parent and start time; the name before them may hold anything.
sub stat_of {
    my $text = slurp("/proc/$_[0]/stat") // return;
    my @found = substr($text, rindex($text, ')') + 2) =~ /^(\S) (\d+) (?:\S+ ){17}(\d+)/;
    return @found;
}

1;
