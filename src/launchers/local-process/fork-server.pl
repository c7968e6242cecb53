#!/usr/bin/perl
# The parent of all local runners. A dispatcher starts one, talks to it through a pipe, and may die
# when it likes: this process goes on to reap what it started and to write down how each one ended.
#
#   perl fork-server.pl <journal> <registry id>
#
# stdin   commands: frames of a 32-bit length and fields, each a 32-bit length and bytes (big endian)
#           S id runDir cwd context argc argv… NAME=value…   start
#           G id…                                            forget
#           U id…                                            forget, and use the run folder again if it is bare
#           P token                                          ping
# stdout  every line of the journal as it is written, and beside them
#           R id             its program has been entered (exec succeeded)
#           A id             refused: this id was started before
#           E id errno text  refused before anything was started
#           P token          pong
# journal one line an event, fields separated by tabs, `%`, control characters escaped as %XX
#           H version pid startTime bootId registryId
#           S id pid startTime at runDir
#           F id pid stage errno text      the program could not be entered: as if never started
#           X id pid code signal at strays
#           G id
#           C at                           accepts no more starts
#
# The journal is the truth and is written first. Times are ms since the epoch. Modules of perl-base
# only, Linux only: where the numbers of the system calls are not known, slower ways are taken.
use strict;
use warnings;
use constant MOST_SPARES => 64;

BEGIN {
    my ($here) = $0 =~ m{^(.*)/};
    require "$here/fork-server/$_.pm" for qw(Kernel Entry Strays);
    Kernel::share(qw(EINTR EAGAIN O_WRONLY O_CREAT O_EXCL O_APPEND O_NOFOLLOW O_NONBLOCK F_GETFL F_SETFL WNOHANG));
}

my ($journal_path, $registry) = @ARGV;
die "usage: fork-server.pl <journal> <registry id>\n" unless defined $registry;

# What the dispatcher's own parent left open must not be kept open by us for days.
if (opendir my $fds, '/proc/self/fd') {
    my @inherited = grep { /^\d+$/ && $_ > 2 } readdir $fds;
    closedir $fds;
    Kernel::close_fd($_) for @inherited;
}

my %runner;     # id => [pid, id, start (ms), fd of its exec pipe, failed, runDir] until forgotten
my %leader;     # pid => the same, until reaped
my %exec_pipe;  # fd => [handle, {pid => 1}] while not all of a batch are known to have entered their program
my @spare;      # run folders that may be used again
my ($in, $unwritten, $unreported, $out) = ('', '', '', '');
my ($open, $listening, $childless) = (1, 1, 1);

my @IGNORED = qw(TERM INT HUP PIPE QUIT USR1 USR2 ALRM);
$SIG{$_} = 'IGNORE' for @IGNORED;
my $child_fd = Kernel::child_signals();
Kernel::adopt_orphans();
sysopen my $journal, $journal_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0600
    or die "cannot create the journal $journal_path: $!\n";
fcntl STDOUT, F_SETFL, (fcntl(STDOUT, F_GETFL, 0) || 0) | O_NONBLOCK;

sub escaped {
    my ($text) = @_;
    $text =~ s/([%\x00-\x1f\x7f])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

# A full disk loses no line: what could not be written stays and is tried again, and is reported
# only after that.
sub write_journal {
    while (length $unwritten) {
        my $n = syswrite $journal, $unwritten;
        return unless defined $n;
        substr $unwritten, 0, $n, '';
    }
    $out .= $unreported;
    $unreported = '';
    return;
}

sub journal {
    my $line = join("\t", @_) . "\n";
    $unwritten  .= $line;
    $unreported .= $line;
    write_journal();
    return;
}

# Says something that is not in the journal, in its place among what is.
sub report {
    $unreported .= join("\t", @_) . "\n";
    write_journal();
    return;
}

sub flush_out {
    $out = '' unless $listening;
    while (length $out) {
        my $n = syswrite STDOUT, $out;
        if (defined $n) { substr $out, 0, $n, ''; next }
        next if $! == EINTR;
        return if $! == EAGAIN;
        # Nobody listens any more; the journal has it all.
        $listening = 0;
        $out = '';
    }
    return;
}

sub refuse {
    my ($id, $what) = @_;
    report('E', escaped($id), $! + 0, escaped("$what: $!"));
    return;
}

# One pipe for all that start in one go. It closes by itself in each child that enters its program,
# so that its end tells that all did, and no start waits for another.
sub start {
    my ($pipe, $id, $run_dir, $cwd, $context, $argc, @rest) = @_;
    return report('A', escaped($id)) if $runner{$id};
    write_journal();
    return refuse($id, 'the journal cannot be written') if length $unwritten;
    my @argv = splice @rest, 0, $argc;
    unless ($pipe->[0]) {
        pipe $pipe->[0], $pipe->[1] or return refuse($id, 'pipe');
        fcntl $pipe->[0], F_SETFL, O_NONBLOCK;
        $exec_pipe{fileno $pipe->[0]} = [$pipe->[0], {}];
    }
    my $spare = pop @spare;
    my @programs = Entry::candidates($argv[0], \@rest);
    my ($argv, $env) = (Kernel::vector(\@argv), Kernel::vector(\@rest));
    my $pid = fork // return refuse($id, 'fork');
    Entry::become($pipe->[1], \@IGNORED, $spare, $run_dir, $cwd, $context, \@programs, $argv, $env) unless $pid;
    my $at = Kernel::now();
    my $fd = fileno $pipe->[0];
    $exec_pipe{$fd}[1]{$pid} = 1;
    $runner{$id} = $leader{$pid} = [$pid, $id, $at, $fd, 0, $run_dir];
    $childless = 0;
    journal('S', escaped($id), $pid, (Kernel::stat_of($pid))[19] // '0', $at, escaped($run_dir));
    return;
}

# Making files is dear (up to 1 ms where many were deleted lately: ext4 looks at each inode freed in
# the last half minute); moving a folder is cheap. So what a silent runner leaves, context and an
# empty log, becomes the folder of the next one. Anything else in it, and it stays as it is.
sub keep_folder {
    my ($id) = @_;
    my $dir = $runner{$id}[5];
    return if @spare >= MOST_SPARES || $leader{ $runner{$id}[0] };
    opendir my $folder, $dir or return;
    return if grep { !/^(?:\.\.?|context\.json|output\.log)$/ } readdir $folder;
    return unless -f "$dir/output.log" && -z _ && -f "$dir/context.json";
    push @spare, $dir;
    return;
}

sub forget {
    my ($reuse, @ids) = @_;
    for my $id (@ids) {
        next unless $runner{$id};
        keep_folder($id) if $reuse;
        delete $runner{$id};
        journal('G', escaped($id));
    }
    return;
}

sub command {
    my ($pipe, $kind, @fields) = @_;
    if ($kind eq 'S') { start($pipe, @fields) }
    elsif ($kind eq 'G') { forget(0, @fields) }
    elsif ($kind eq 'U') { forget(1, @fields) }
    elsif ($kind eq 'P') { report('P', escaped($fields[0])) }
    else { warn "unknown command\n" }
    return;
}

sub read_commands {
    my $n = sysread STDIN, $in, 1 << 18, length $in;
    return if !defined $n && ($! == EINTR || $! == EAGAIN);
    my ($at, @pipe) = (0);
    while (length($in) - $at >= 4) {
        my $size = unpack 'N', substr $in, $at, 4;
        last if length($in) - $at - 4 < $size;
        command(\@pipe, unpack '(N/a*)*', substr $in, $at + 4, $size);
        $at += 4 + $size;
    }
    substr $in, 0, $at, '' if $at;
    close $pipe[1] if $pipe[1];
    return if $n;
    $open = 0;
    journal('C', Kernel::now());
    return;
}

sub entered {
    my ($runner) = @_;
    $runner->[3] = undef;
    report('R', escaped($runner->[1])) unless $runner->[4];
    return;
}

sub read_exec_pipe {
    my ($fd) = @_;
    my ($handle, $pids) = @{ $exec_pipe{$fd} };
    my $n = sysread $handle, my $text, 65536;
    return if !defined $n;
    for (split /\n/, $text) {
        my ($pid, $stage, $errno) = split /\t/;
        my $failed = $leader{$pid} or next;
        $failed->[4] = 1;
        $! = $errno;
        journal('F', escaped($failed->[1]), $pid, $stage, $errno, escaped("$!"));
        # Free to be tried again.
        delete $runner{$failed->[1]};
    }
    return if $n;
    for (keys %$pids) { entered($leader{$_}) if $leader{$_} }
    delete $exec_pipe{$fd};
    return;
}

sub reap {
    my (@ended, $pid);
    while (($pid = waitpid -1, WNOHANG) > 0) {
        my $status = $?;
        # An orphan of a runner.
        my $runner = $leader{$pid} or next;
        my $fd = $runner->[3];
        if (defined $fd) {
            # Dead, it has said all it had to say.
            read_exec_pipe($fd);
            if (defined $runner->[3]) { delete $exec_pipe{$fd}[1]{$pid}; entered($runner) }
        }
        delete $leader{$pid};
        push @ended, [$runner, $status] unless $runner->[4];
    }
    $childless = $pid < 0;
    return unless @ended;
    my $now = Kernel::now();
    my $strays = $childless ? {} : Strays::of([map { $_->[0] } @ended], \%leader, $registry, $now);
    for (@ended) {
        my ($pid, $id) = @{ $_->[0] };
        my $signal = $_->[1] & 127;
        journal('X', escaped($id), $pid, $signal ? '' : $_->[1] >> 8, $signal || '', $now, $strays->{$pid} // 0);
    }
}

my @self = Kernel::stat_of($$);
my $boot = Kernel::slurp('/proc/sys/kernel/random/boot_id') // 'unknown';
chomp $boot;
journal('H', 1, $$, $self[19] // '0', $boot, escaped($registry));
flush_out();

while ($open || !$childless || length $unwritten) {
    my ($readable, $writable) = ('', '');
    vec($readable, 0, 1) = 1 if $open;
    vec($readable, $child_fd, 1) = 1;
    vec($readable, $_, 1) = 1 for keys %exec_pipe;
    vec($writable, 1, 1) = 1 if length $out;
    my $n = select $readable, $writable, undef, length $unwritten ? 0.2 : undef;
    if ($n > 0) {
        if (vec $readable, $child_fd, 1) { Kernel::read_signal($child_fd); reap() }
        for (keys %exec_pipe) { read_exec_pipe($_) if vec($readable, $_, 1) && $exec_pipe{$_} }
        if ($open && vec $readable, 0, 1) { read_commands() }
    }
    reap() unless $open;
    write_journal() if length $unwritten;
    flush_out();
}
