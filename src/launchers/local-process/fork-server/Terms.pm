# On what terms a child enters its program: as which user, at which priority, in which control groups.
# Read by the parent, kept by the child. A line each, a word and what belongs to it:
#   join <folder>           becomes a member of this control group
#   nice <number>           by so much nicer than we are
#   data <bytes>            RLIMIT_DATA, for each process
#   user <uid> <gid>[ …]    becomes this user for good, with these supplementary groups
#   sandboxed               its program is bubblewrap, which tells a signal as an exit code
package Terms;
use strict;

BEGIN { Kernel::share(qw(O_WRONLY)) }

sub PRIO_PROCESS() { 0 }
# Real-time signals included.
sub LAST_SIGNAL() { 64 }

sub read_terms {
    my %terms = (join => []);
    for (split /\n/, $_[0]) {
        my ($word, $rest) = split / /, $_, 2;
        if    ($word eq 'join') { push @{ $terms{join} }, $rest }
        elsif ($word eq 'user') { $terms{user} = [map { $_ + 0 } split / /, $rest] }
        else                    { $terms{$word} = ($rest // 1) + 0 }
    }
    return \%terms;
}

sub join_group {
    my ($folder) = @_;
    my $fd = Kernel::open_fd("$folder/cgroup.procs", O_WRONLY);
    # 0: whoever writes it.
    return $fd >= 0 && Kernel::write_fd($fd, '0') > 0;
}

# Rights last, for the rest may need them. Returns the stage that failed, with `$!`, or an empty text.
sub accept_all {
    my ($terms, $run_dir) = @_;
    for (@{ $terms->{join} }) { return 'cgroup' unless join_group($_) }
    if ($terms->{nice}) { return 'nice' unless setpriority PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + $terms->{nice} }
    if ($terms->{data}) { return 'limit' unless Kernel::limit_data($terms->{data}) }
    my $user = $terms->{user} or return '';
    return 'run-dir' unless chown $user->[0], $user->[1], $run_dir;
    return 'user' unless Kernel::become_user(@$user) && Kernel::renounce_privileges();
    return '';
}

# bubblewrap ends by 128 + n where its program was ended by signal n, as a shell does.
sub status_inside {
    my ($status) = @_;
    my $code = $status >> 8;
    return $status & 127 || $code <= 128 || $code > 128 + LAST_SIGNAL ? $status : $code - 128;
}

1;
