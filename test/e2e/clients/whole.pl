# A guest's life and its events, by Sys::Virt; lines of JSON for the test that judges them.
use strict;
use warnings;
use JSON::PP;
use Sys::Virt;
use Sys::Virt::Domain;
use Sys::Virt::Event;

my ($uri, $directory) = @ARGV;
my $json = JSON::PP->new->canonical->allow_nonref;
$| = 1;

# One line: what was asked, and what came of it, or libvirt's error.
sub asked {
    my ($what, $work) = @_;
    my $value = eval { $work->() };
    my $error = $@;
    if ($error) {
        die $error unless ref $error && $error->isa("Sys::Virt::Error");
        $value = { error => $error->code + 0, why => $error->message };
    }
    print $json->encode({ what => $what, value => $value }), "\n";
}

sub definition {
    my ($name) = @_;
    open my $file, "<", "$directory/$name.xml" or die "$directory/$name.xml: $!";
    local $/;
    return scalar <$file>;
}

Sys::Virt::Event::register_default();
my $connection = Sys::Virt->new(uri => $uri);
my @heard;
my $callback = $connection->domain_event_register_any(
    undef,
    Sys::Virt::Domain::EVENT_ID_LIFECYCLE,
    sub {
        my (undef, $domain, $event, $detail) = @_;
        push @heard, [$domain->get_name, $event, $detail];
    });

# Runs libvirt's loop until so many events were heard.
sub hear {
    my ($count) = @_;
    local $SIG{ALRM} = sub { die "heard only " . $json->encode(\@heard) . "\n" };
    alarm 30;
    Sys::Virt::Event::run_default() while @heard < $count;
    alarm 0;
}

asked("version", sub { $connection->get_version + 0 });
asked("type", sub { $connection->get_type });
asked("hostname", sub { $connection->get_hostname });
asked("node info", sub { $connection->get_node_info->{model} });
asked("capabilities", sub { $connection->get_capabilities });
asked("networks", sub { [$connection->list_all_networks] });

my $web = $connection->define_domain(definition("web"));
asked("listed", sub { [map { $_->get_name } $connection->list_all_domains] });
asked("old list", sub { [$connection->list_defined_domain_names(10)] });
asked("nobody", sub { $connection->get_domain_by_name("nobody") });
asked("by uuid", sub { $connection->get_domain_by_uuid($web->get_uuid)->get_name });
asked("by uuid's words", sub { $connection->get_domain_by_uuid($web->get_uuid_string)->get_name });

$web->create;
asked("state", sub { [map { $_ + 0 } $web->get_state] });
asked("info", sub { $web->get_info });
asked("xml", sub { $web->get_xml_description });
asked("block stats", sub { $web->block_stats("vda") });
asked("memory stats", sub { $web->memory_stats });
asked("all stats", sub {
    my @stats = $connection->get_all_domain_stats(Sys::Virt::Domain::STATS_STATE);
    return [map { [$_->{dom}->get_name, $_->{data}] } @stats];
});
$web->suspend;
$web->resume;
asked("screenshot", sub {
    my $stream = $connection->new_stream;
    my $kind = $web->screenshot($stream, 0);
    my $bytes = 0;
    $stream->recv_all(sub { $bytes += length $_[1]; return length $_[1] });
    $stream->finish;
    return [$kind, $bytes];
});
$web->destroy;
asked("destroyed again", sub { $web->destroy });
$web->undefine;
asked("listed at last", sub { [map { $_->get_name } $connection->list_all_domains] });
hear(6);
$connection->domain_event_deregister_any($callback);
asked("heard", sub { \@heard });
