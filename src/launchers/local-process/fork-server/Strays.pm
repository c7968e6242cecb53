# Finds out whether a runner that has ended left processes behind.
package Strays;
use strict;

BEGIN { Kernel::share(qw(EPERM)) }

# For a runner that lived no longer than this (ms), with so few pids handed out since, orphans are
# looked for among those pids alone; otherwise all of /proc is read.
sub BRIEF_MS() { 1000 }
sub FEW_PIDS() { 512 }

# The last field there is the pid handed out last, see proc(5). A descendant's pid comes after its
# leader's.
sub last_pid {
    return (Kernel::slurp('/proc/loadavg') // '') =~ /(\d+)\s*$/ ? $1 : 0;
}

sub candidates {
    my ($leaders, $first, $lived) = @_;
    my $last = $lived < BRIEF_MS ? last_pid() : 0;
    if ($last >= $first && $last - $first < FEW_PIDS) {
        # A signal that is not sent finds out cheaply who is there.
        return grep { !$leaders->{$_} && (kill(0, $_) || $! == EPERM) } $first + 1 .. $last;
    }
    opendir my $proc, '/proc' or return;
    return grep { /^\d/ && !$leaders->{$_} } readdir $proc;
}

# Whose marker does this process carry, if it is a living child of ours that we did not start? Empty when
# it is on its way out: its memory is gone then, but its children are not ours yet, and not seen as orphans.
sub owner_of_orphan {
    my ($pid, $registry) = @_;
    my @stat = Kernel::stat_of($pid);
    return undef unless @stat && $stat[1] == $$ && $stat[0] ne 'Z';
    my $environment = Kernel::slurp("/proc/$pid/environ") // '';
    return '' if $environment eq '';
    return $environment =~ /(?:^|\0)DISPATCHER_RUNNER=\Q$registry\E\/([^\0]*)/ ? $1 : undef;
}

# `$ended`: all that ended in one go, each as [pid, id, start (ms)]; `$leaders`: the living, by pid.
# Returns the pids of those that left something in their group or, by way of us as the parent of
# orphans, anywhere.
sub of {
    my ($ended, $leaders, $registry, $now) = @_;
    my ($first, $started, %pid_of, %strays) = ($ended->[0][0], $now);
    for my $runner (@$ended) {
        my ($pid, $id, $at) = @$runner;
        $strays{$pid} = 1 if kill(0, -$pid) || $! == EPERM;
        $first   = $pid if $pid < $first;
        $started = $at  if $at < $started;
        $pid_of{$id} = $pid;
    }
    for my $pid (candidates($leaders, $first, $now - $started)) {
        my $id = owner_of_orphan($pid, $registry) // next;
        if ($id eq '') { $strays{$_} = 1 for values %pid_of }
        elsif ($pid_of{$id}) { $strays{ $pid_of{$id} } = 1 }
    }
    return \%strays;
}

1;
