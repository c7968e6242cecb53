#!/usr/bin/perl
# The parent of all local runners. A dispatcher starts one, talks to it through a pipe, and may die
# when it likes: this process goes on to reap what it started and to write down how each one ended.
#
#   perl -w fork-server.pl <journal> <registry id> <x64 | arm64>
#
# stdin   commands: frames of a 32-bit length and fields, each a 32-bit length and bytes (big endian)
#           S id runDir cwd context argc argv… NAME=value…   start
#           T terms id runDir …                              start as S does, on terms: see Terms.pm
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
#           S id pid startTime at runDir [1]         1: a sandbox is the program, see Terms.pm
#           F id pid stage errno text      the program could not be entered: as if never started
#           X id pid code signal at strays
#           G id
#           C at                           accepts no more starts
#
# The journal is the truth and is written first. Times are ms since the epoch. Perl 5 of any build
# will do, no modules but `strict` are used; see Kernel.pm for the machines it knows.
use strict;
sub MOST_SPARES() { 64 }

BEGIN {
    my ($here) = $0 =~ m{^(.*)/};
    require "$here/fork-server/$_.pm" for qw(Kernel Terms Entry Strays);
    Kernel::share(qw(EINTR EAGAIN F_GETFL F_SETFL WNOHANG));
    Kernel::share(qw(O_RDONLY O_WRONLY O_CREAT O_EXCL O_APPEND O_NOFOLLOW O_NONBLOCK));
}

my ($journal_path, $registry) = @ARGV;
die "usage: perl -w fork-server.pl <journal> <registry id> <x64 | arm64>\n" unless defined $registry;

# What the dispatcher's own parent left open must not be kept open by us for days.
if (opendir my $fds, '/proc/self/fd') {
    my @inherited = grep { /^\d+$/ && $_ > 2 } readdir $fds;
    closedir $fds;
    Kernel::close_fd($_ + 0) for @inherited;
}

my %runner;     # id => [pid, id, start (ms), fd of its exec pipe, failed, runDir, terms if any] until forgotten
my %leader;     # pid => the same, until reaped
my %exec_pipe;  # fd => {pid => 1} while not all of a batch are known to have entered their program
my @spare;      # run folders that may be used again
my ($in, $unwritten, $unreported, $out) = ('', '', '', '');
my ($open, $listening, $childless, $journal_error, $pressing) = (1, 1, 1, 0, 0);

my $child_fd = Kernel::child_signals();
Kernel::adopt_orphans();
my $null = Kernel::open_fd('/dev/null', O_RDONLY);
die "/dev/null: $!\n" if $null < 0;
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
        unless (defined $n) { $journal_error = $! + 0; return }
        substr $unwritten, 0, $n, '';
    }
    $out .= $unreported;
    $unreported = '';
    return;
}

sub journal {
    $pressing ||= $_[0] ne 'S';
    my $line = join("\t", @_) . "\n";
    $unwritten  .= $line;
    $unreported .= $line;
    write_journal();
    return;
}

# Says something that is not in the journal, in its place among what is.
sub report {
    $pressing = 1;
    $unreported .= join("\t", @_) . "\n";
    write_journal();
    return;
}

# Lines of starts wait for what the dispatcher waits for, that they succeeded: one waking less.
sub flush_out {
    $out = '' unless $listening;
    return unless $pressing || !%exec_pipe;
    while (length $out) {
        my $n = syswrite STDOUT, $out;
        $pressing = 1;
        if (defined $n) { substr $out, 0, $n, ''; next }
        next if $! == EINTR;
        return if $! == EAGAIN;
        # Nobody listens any more; the journal has it all.
        $listening = 0;
        $out = '';
    }
    $pressing = 0;
    return;
}

sub refuse {
    my ($id, $what) = @_;
    # Not behind what the journal could not take.
    $out .= join("\t", 'E', escaped($id), $! + 0, escaped("$what: $!")) . "\n";
    return;
}

# One pipe for all that start in one go. It closes by itself in each child that enters its program,
# so that its end tells that all did, and no start waits for another.
sub start {
    my ($pipe, $terms, $id, $run_dir, $cwd, $context, $argc, @rest) = @_;
    return report('A', escaped($id)) if $runner{$id};
    write_journal();
    if (length $unwritten) {
        $! = $journal_error;
        return refuse($id, "cannot write $journal_path");
    }
    my @argv = splice @rest, 0, $argc;
    unless (@$pipe) {
        @$pipe = Kernel::new_pipe() or return refuse($id, 'pipe');
        $exec_pipe{ $pipe->[0] } = {};
    }
    my ($fd, $tell) = @$pipe;
    my %how = (
        tell     => $tell,
        null     => $null,
        run_dir  => $run_dir,
        cwd      => $cwd,
        context  => $context,
        spare    => $terms ? undef : pop @spare,
        terms    => $terms,
        programs => [Entry::candidates($argv[0], \@rest)],
        argv     => Kernel::vector(\@argv),
        env      => Kernel::vector(\@rest),
    );
    my $ticks = Kernel::ticks_since_boot();
    my $pid = fork // return refuse($id, 'fork');
    Entry::become(\%how) unless $pid;
    my $at = Kernel::now();
    # The clock spares a look into /proc/<pid> at each start, and the kernel the work of forgetting that
    # entry again; only where the clock does not tell is it asked.
    $ticks = (Kernel::stat_of($pid))[2] // '0' if $ticks != Kernel::ticks_since_boot();
    $exec_pipe{$fd}{$pid} = 1;
    $runner{$id} = $leader{$pid} = [$pid, $id, $at, $fd, 0, $run_dir, $terms || ()];
    $childless = 0;
    journal('S', escaped($id), $pid, $ticks, $at, escaped($run_dir), $terms && $terms->{sandboxed} ? 1 : ());
    return;
}

# Making files is dear (up to 1 ms where many were deleted lately: ext4 looks at each inode freed in
# the last half minute); moving a folder is cheap. So what a silent runner leaves, context and an
# empty log, becomes the folder of the next one. Anything else in it, and it stays as it is.
sub keep_folder {
    my ($id) = @_;
    my $dir = $runner{$id}[5];
    # On terms the folder may be another user's.
    return if @spare >= MOST_SPARES || $leader{ $runner{$id}[0] } || $runner{$id}[6];
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
    if ($kind eq 'S') { start($pipe, undef, @fields) }
    elsif ($kind eq 'T') { start($pipe, Terms::read_terms(shift @fields), @fields) }
    elsif ($kind eq 'G') { forget(0, @fields) }
    elsif ($kind eq 'U') { forget(1, @fields) }
    elsif ($kind eq 'P') { report('P', escaped($fields[0])) }
    else { warn "unknown command\n" }
    return;
}

sub read_commands {
    my $n = sysread STDIN, $in, 1 << 16, length $in;
    return if !defined $n && ($! == EINTR || $! == EAGAIN);
    my ($at, @pipe) = (0);
    while (length($in) - $at >= 4) {
        my $size = unpack 'N', substr $in, $at, 4;
        last if length($in) - $at - 4 < $size;
        command(\@pipe, unpack '(N/a*)*', substr $in, $at + 4, $size);
        $at += 4 + $size;
    }
    substr $in, 0, $at, '' if $at;
    Kernel::close_fd($pipe[1]) if @pipe;
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
    my $text = Kernel::read_fd($fd) // return;
    for (split /\n/, $text) {
        my ($pid, $stage, $errno) = split /\t/;
        my $failed = $leader{$pid} or next;
        $failed->[4] = 1;
        $! = $errno;
        journal('F', escaped($failed->[1]), $pid, $stage, $errno, escaped("$!"));
        # Free to be tried again.
        delete $runner{$failed->[1]};
    }
    return if length $text;
    for (keys %{ delete $exec_pipe{$fd} }) { entered($leader{$_}) if $leader{$_} }
    Kernel::close_fd($fd);
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
            if (defined $runner->[3]) { delete $exec_pipe{$fd}{$pid}; entered($runner) }
        }
        delete $leader{$pid};
        push @ended, [$runner, $status] unless $runner->[4];
    }
    $childless = $pid < 0;
    return unless @ended;
    my $now = Kernel::now();
    my $strays = $childless ? {} : Strays::of([map { $_->[0] } @ended], \%leader, $registry, $now);
    for (@ended) {
        my ($runner, $status) = @$_;
        my ($pid, $id) = @$runner;
        $status = Terms::status_inside($status) if $runner->[6] && $runner->[6]{sandboxed};
        my $signal = $status & 127;
        journal('X', escaped($id), $pid, $signal ? '' : $status >> 8, $signal || '', $now, $strays->{$pid} // 0);
    }
}

my @self = Kernel::stat_of($$);
my $boot = Kernel::slurp('/proc/sys/kernel/random/boot_id') // 'unknown';
chomp $boot;
journal('H', 1, $$, $self[2] // '0', $boot, escaped($registry));
flush_out();

while ($open || !$childless || length $unwritten) {
    my ($readable, $writable) = ('', '');
    vec($readable, 0, 1) = 1 if $open;
    vec($readable, $child_fd, 1) = 1;
    vec($readable, $_, 1) = 1 for keys %exec_pipe;
    vec($writable, 1, 1) = 1 if length $out && ($pressing || !%exec_pipe);
    my $n = select $readable, $writable, undef, length $unwritten ? 0.2 : undef;
    if ($n > 0) {
        if (vec $readable, $child_fd, 1) { Kernel::read_fd($child_fd); reap() }
        for (keys %exec_pipe) { read_exec_pipe($_ + 0) if vec($readable, $_, 1) && $exec_pipe{$_} }
        if ($open && vec $readable, 0, 1) { read_commands() }
    }
    reap() unless $open;
    write_journal() if length $unwritten;
    flush_out();
}
