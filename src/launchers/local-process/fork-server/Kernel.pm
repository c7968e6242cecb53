# Linux as it is, without POSIX, Fcntl and Errno: what those modules bring in makes each fork 0.15 ms
# dearer. Numbers from the kernel's headers (asm/unistd.h, asm/fcntl.h, asm-generic/errno-base.h).
package Kernel;
use strict;
use warnings;
use Config;

my $sys;
BEGIN {
    my %NUMBERS = (
        x86_64 => {
            read => 0, dup3 => 292, rt_sigprocmask => 14, execve => 59, exit_group => 231, setsid => 112, prctl => 157,
            clock_gettime => 228, close => 3, signalfd4 => 289, O_NOFOLLOW => 0400000,
        },
        aarch64 => {
            read => 63, dup3 => 24, rt_sigprocmask => 135, execve => 221, exit_group => 94, setsid => 157, prctl => 167,
            clock_gettime => 113, close => 57, signalfd4 => 74, O_NOFOLLOW => 0100000,
        },
    );
    my ($machine) = $Config{archname} =~ /^(x86_64|aarch64)-linux/;
    die "no numbers for $Config{archname}: only Linux on x86_64 and aarch64\n" unless $machine;
    $sys = $NUMBERS{$machine};
}

use constant {
    EPERM => 1, ENOENT => 2, EINTR => 4, EAGAIN => 11, EACCES => 13, EEXIST => 17, ENOTDIR => 20, ENOSPC => 28,
    O_RDONLY => 0, O_WRONLY => 1, O_CREAT => 0100, O_EXCL => 0200, O_APPEND => 02000, O_NONBLOCK => 04000,
    F_GETFL => 3, F_SETFL => 4, WNOHANG => 1,
    SIGCHLD => 17, SIG_BLOCK => 0, SIG_SETMASK => 2, PR_SET_CHILD_SUBREAPER => 36, SFD_NONBLOCK_CLOEXEC => 02004000,
};
use constant O_NOFOLLOW => $sys->{O_NOFOLLOW};

my ($stamp, $sigchld, $nothing) = ("\0" x 16, pack('Q', 1 << (SIGCHLD - 1)), pack('Q', 0));

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

# SIGCHLD is blocked for good and arrives as something to read: no handler, hence no race with
# select. Returns a file descriptor.
sub child_signals {
    syscall($sys->{rt_sigprocmask}, SIG_BLOCK, $sigchld, 0, 8);
    my $fd = syscall($sys->{signalfd4}, -1, $sigchld, 8, SFD_NONBLOCK_CLOEXEC);
    die "signalfd: $!\n" if $fd < 0;
    return $fd;
}

# Signals of one kind come together, so that there is never more than one to read.
my $info = "\0" x 128;
sub read_signal { return syscall($sys->{read}, $_[0], $info, 128) }

sub unblock_signals { return syscall($sys->{rt_sigprocmask}, SIG_SETMASK, $nothing, 0, 8) }

# Orphans of our descendants come to us and not to init, so that they can be seen and reaped.
sub adopt_orphans { return syscall($sys->{prctl}, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

sub new_session { return syscall($sys->{setsid}) }

sub duplicate { return syscall($sys->{dup3}, $_[0], $_[1], 0) == $_[1] }

sub close_fd { return syscall($sys->{close}, $_[0] + 0) }

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

# Up to 64 KiB of a file; undef when there is nothing to read.
sub slurp {
    my ($path) = @_;
    sysopen my $file, $path, O_RDONLY or return undef;
    my $n = sysread $file, my $text, 65536;
    return $n ? $text : undef;
}

# Fields of /proc/<pid>/stat after the name, which may hold anything: state is 0, ppid 1, start time 19.
sub stat_of {
    my $text = slurp("/proc/$_[0]/stat") // return;
    return split / /, substr $text, rindex($text, ')') + 2;
}

1;
