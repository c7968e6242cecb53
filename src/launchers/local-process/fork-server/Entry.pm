# The way of a child from the fork into its program. Nothing here returns. Kept short: every page
# that a child touches is copied first.
package Entry;
use strict;
use warnings;

BEGIN { Kernel::share(qw(O_RDONLY O_WRONLY O_CREAT O_APPEND O_NOFOLLOW ENOENT ENOTDIR EACCES EEXIST ENOSPC)) }

sub make_folder {
    my ($path) = @_;
    return 1 if mkdir $path, 0700;
    return -d $path if $! == EEXIST;
    return 0 if $! != ENOENT || $path !~ m{^(.+)/[^/]+/*$};
    return make_folder($1) && (mkdir($path, 0700) || $! == EEXIST);
}

# As execvp(3) searches, in the PATH of the environment that was given. Done by the parent.
sub candidates {
    my ($name, $env) = @_;
    return ($name) if $name eq '' || $name =~ m{/};
    for (@$env) {
        return map { $_ eq '' ? "./$name" : "$_/$name" } split /:/, substr($_, 5), -1 if /^PATH=./;
    }
    return ("/bin/$name", "/usr/bin/$name");
}

sub execute_first {
    my ($programs, $argv, $env) = @_;
    my $errno = ENOENT;
    for my $program (@$programs) {
        my $tried = Kernel::execute($program, $argv, $env);
        next if $tried == ENOENT || $tried == ENOTDIR;
        return $tried if $tried != EACCES;
        $errno = EACCES;
    }
    return $errno;
}

sub fail {
    my ($tell, $stage, $errno) = @_;
    syswrite $tell, "$$\t$stage\t" . ($errno // $! + 0) . "\n";
    Kernel::leave(127);
    return;
}

# Without O_TRUNC: giving back blocks of a folder that is used again, only to take others, is dear.
sub write_context {
    my ($path, $context) = @_;
    sysopen my $file, $path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600 or return 0;
    my $n = syswrite $file, $context;
    return 0 unless defined $n;
    $! = ENOSPC;
    return $n == length $context && (-s $file == $n || truncate $file, $n);
}

# Run folder with context and log, streams, working directory, program. What fails is told through
# `$tell` as pid, stage and error number; signals in `$ignored` are given back their defaults;
# `$spare` is a folder to move to the run folder's place.
sub become {
    my ($tell, $ignored, $spare, $run_dir, $cwd, $context, $programs, $argv, $env) = @_;
    Kernel::new_session();
    $SIG{$_} = 'DEFAULT' for @$ignored;
    Kernel::unblock_signals();
    unless (defined $spare && rename $spare, $run_dir) {
        mkdir($run_dir, 0700) or make_folder($run_dir) or fail($tell, 'run-dir');
    }
    write_context("$run_dir/context.json", $context) or fail($tell, 'context');
    sysopen my $log, "$run_dir/output.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600 or fail($tell, 'output');
    sysopen my $null, '/dev/null', O_RDONLY or fail($tell, 'output');
    Kernel::duplicate(fileno $null, 0)
        && Kernel::duplicate(fileno $log, 1)
        && Kernel::duplicate(fileno $log, 2)
        or fail($tell, 'output');
    my ($stage, $errno) = ('exec', 0);
    if (chdir $cwd) { $errno = execute_first($programs, $argv, $env) }
    else            { ($stage, $errno) = ('cwd', $! + 0) }
    # An output file is the sign of a program that ran.
    unlink "$run_dir/output.log" unless -s $log;
    fail($tell, $stage, $errno);
    return;
}

1;
