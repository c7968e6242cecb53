# The way of a child from the fork into its program. Nothing here returns. Kept short: every page
# that a child touches is copied first.
package Entry;
use strict;

BEGIN { Kernel::share(qw(O_RDONLY O_WRONLY O_CREAT O_APPEND O_NOFOLLOW O_TRUNC ENOENT ENOTDIR EACCES EEXIST ENOSPC)) }

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
    Kernel::write_fd($tell, "$$\t$stage\t" . ($errno // $! + 0) . "\n");
    Kernel::leave(127);
    return;
}

sub write_all {
    my ($path, $flags, $text) = @_;
    my $fd = Kernel::open_fd($path, O_WRONLY | O_CREAT | O_NOFOLLOW | $flags, 0600);
    return 0 if $fd < 0;
    my $n = Kernel::write_fd($fd, $text);
    return 0 if $n < 0;
    $! = ENOSPC;
    # Only now: giving back blocks of a folder that is used again, to take others at once, is dear.
    return $n == length $text && ($flags || Kernel::truncate_fd($fd, $n) == 0);
}

# Run folder, terms, context and log, streams, working directory, program. What fails is told through
# the descriptor `tell` as pid, stage and error number. `null`: /dev/null; `spare`: a folder to move
# to the run folder's place; `terms`: see Terms.pm. From the terms on it is the other user that acts:
# nothing in a folder that is that user's is touched with our rights.
sub become {
    my ($how) = @_;
    my ($tell, $run_dir) = ($how->{tell}, $how->{run_dir});
    Kernel::new_session();
    Kernel::unblock_signals();
    my $reused = defined $how->{spare} && rename $how->{spare}, $run_dir;
    $reused or mkdir($run_dir, 0700) or make_folder($run_dir) or fail($tell, 'run-dir');
    if ($how->{terms}) {
        my $stage = Terms::accept_all($how->{terms}, $run_dir);
        fail($tell, $stage) if $stage;
    }
    write_all("$run_dir/context.json", $reused ? 0 : O_TRUNC, $how->{context}) or fail($tell, 'context');
    my $log = Kernel::open_fd("$run_dir/output.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    fail($tell, 'output') if $log < 0;
    Kernel::duplicate($how->{null}, 0) && Kernel::duplicate($log, 1) && Kernel::duplicate($log, 2)
        or fail($tell, 'output');
    my ($stage, $errno) = ('exec', 0);
    if (chdir $how->{cwd}) { $errno = execute_first($how->{programs}, $how->{argv}, $how->{env}) }
    else                   { ($stage, $errno) = ('cwd', $! + 0) }
    # An output file is the sign of a program that ran.
    unlink "$run_dir/output.log" unless -s "$run_dir/output.log";
    fail($tell, $stage, $errno);
    return;
}

1;
