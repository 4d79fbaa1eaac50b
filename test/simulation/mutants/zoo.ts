/**
 * The zoo: 135 concurrency bugs that libvirt and its peers had, each in a few words, by class. A
 * mutant names the records whose bug it brings back; those that none can bring back say why.
 */

/** Why no mutant brings a record back. */
export type Reason = keyof typeof reasons

export const reasons = {
  rpc: "in the wire protocol, which this engine does not speak yet",
  hotplug: "in hot-plug, block jobs or migration, which this engine does not have yet",
  construction: "there is nothing to free or to lock, so that it cannot be written down here",
  peer: "in a part that has no counterpart here (network filters, containers, another hypervisor)",
  circle: "in the order of locks; asks that wait in a circle are refused, and none do yet",
  derived: "in a counter that is not kept here: it is counted when it is read"
} as const

export interface ZooRecord {
  readonly id: string
  readonly system: string
  readonly what: string
  readonly without?: Reason
}

const records = (rows: readonly (readonly [string, string, string, Reason?])[]): ZooRecord[] =>
  rows.map(([id, system, what, without]) => ({ id, system, what, ...(without && { without }) }))

export interface ZooClass {
  readonly id: string
  readonly name: string
  readonly records: readonly ZooRecord[]
}

export const zoo: readonly ZooClass[] = [
  {
    id: "C01",
    name: "Registry: check, then act",
    records: records([
      ["Z001", "libvirt", "two create one transient machine: an orphan, or a crash"],
      ["Z002", "libvirt", "undefine lets go of its lock: a running machine leaves the list"],
      ["Z003", "libxl", "two machines with one name by way of a rename"],
      ["Z004", "xend", "a new machine while its namesake is still dying"],
      ["Z005", "Qubes", "between create and its record two views of one machine differ"],
      ["Z006", "clients", "list, then look up: a machine vanishes or doubles in between"],
      ["Z007", "libvirt", "the number of a stopped machine is matched: the wrong one answers"]
    ])
  },
  {
    id: "C02",
    name: "Stale identity",
    records: records([
      ["Z008", "libvirt", "the end of the old run, still queued, kills the new one"],
      ["Z009", "libvirt", "numbers of machines collide between autostart and reconnect"],
      ["Z010", "libvirt", "a bare pid is trusted after a restart"],
      ["Z011", "containerd", "waiting for the death of a pid that is another's by now"],
      ["Z012", "Xen", "a machine's number is used again at once"],
      ["Z013", "KubeVirt", "an old entry of the same name hides the new machine"],
      ["Z014", "libvirt", "a client is authorised by its pid alone"]
    ])
  },
  {
    id: "C03",
    name: "Lock left held, or not taken",
    records: records([
      ["Z015", "libvirt", "an early return leaves the list locked"],
      ["Z016", "libvirt", "a machine that is skipped leaves the next one's lock wrong"],
      ["Z017", "libvirt", "a refused migration leaves the machine locked"],
      ["Z018", "libvirt", "a refused lookup leaves the pool locked"],
      ["Z019", "libvirt", "an object stays locked when its name does not match"],
      ["Z020", "libvirt", "a list is walked without its lock", "construction"],
      ["Z021", "libvirt", "a volume is looked up beside a change of its pool", "construction"],
      ["Z022", "libvirt", "of two starts at once one loses what it had set up"],
      ["Z023", "libvirt", "an error of one call is told to another", "construction"]
    ])
  },
  {
    id: "C04",
    name: "Lock order",
    records: records([
      ["Z024", "libvirt", "filters and starts take two locks in opposite order", "circle"],
      ["Z025", "libvirt", "shutting down several machines at once blocks for ever"],
      ["Z026", "libvirt-lxc", "two threads of an autostart block each other", "circle"],
      ["Z027", "libvirt-libxl", "a callback on its caller's thread locks again", "construction"],
      ["Z028", "libvirt-libxl", "a guest that reboots in a loop blocks the daemon"],
      ["Z029", "libvirt", "fork() while another thread has the allocator's lock", "construction"],
      ["Z030", "LISA", "closing a console beside undefine blocks", "rpc"],
      ["Z031", "docker", "one stuck container: no listing any more"],
      ["Z032", "libvirt", "objects used while unlocked, as a checker found", "construction"]
    ])
  },
  {
    id: "C05",
    name: "Used after it was given up",
    records: records([
      ["Z033", "libvirt", "QEMU dies in the middle of a command"],
      ["Z034", "libvirt", "a machine is deleted while a call ends its job on it"],
      ["Z035", "libvirt", "a reply and an event: the wrong message is used"],
      ["Z036", "libvirt", "a timer fires once more after its state is gone"],
      ["Z037", "libvirt", "the client closes while it is being let in"],
      ["Z038", "libvirt", "a message is freed and still queued", "rpc"],
      ["Z039", "libvirt", "events go to a client whose leaving was refused"],
      ["Z040", "libvirt", "data of a callback outlives its frame", "construction"],
      ["Z041", "libvirt", "what was read before the job is used in it"],
      ["Z042", "libvirt", "an index of the running definition used in the other one"],
      ["Z043", "libvirt", "a change of the running machine in the persistent definition"],
      ["Z044", "libvirt", "the machine ends in the middle of a long job"],
      ["Z045", "libvirt", "a look at the machine during a backup", "hotplug"],
      ["Z046", "libvirt", "now and then a crash on destroy"]
    ])
  },
  {
    id: "C06",
    name: "Events",
    records: records([
      ["Z047", "libvirt", "an event before what it tells of is done"],
      ["Z048", "QEMU", "an event before the device is let go"],
      ["Z049", "libvirt", "the last events before the end are lost"],
      ["Z050", "libvirt", "an event comes twice and means something else the second time"],
      ["Z051", "libvirt", "a detach that timed out and succeeded", "hotplug"],
      ["Z052", "libvirt", "an unplug event that never comes", "hotplug"],
      ["Z053", "libvirt-libxl", "started is told before stopped"],
      ["Z054", "libvirt", "killed before QEMU has flushed its disks"],
      ["Z055", "libvirt", "two kinds of reboot: the flag of the first is lost"],
      ["Z056", "Incus", "the event of one's own command, before its reply"],
      ["Z057", "Incus", "a reset by the guest is treated as a stop"],
      ["Z058", "KubeVirt", "after a reconnect nobody listens"],
      ["Z059", "KubeVirt", "who leaves first loses the event that was queued"],
      ["Z060", "Qubes", "missing, doubled and late stopped events"],
      ["Z061", "containerd", "the exit is lost: running for ever"],
      ["Z062", "Nova", "a detach is tried again into one under way", "hotplug"],
      ["Z063", "CloudStack", "the event loop is registered and never run"]
    ])
  },
  {
    id: "C07",
    name: "Restart of the daemon",
    records: records([
      ["Z064", "libvirt", "guests are reconnected before definitions are loaded"],
      ["Z065", "libvirt", "the status is saved only when all is started"],
      ["Z066", "libvirt", "whose a device was is forgotten"],
      ["Z067", "libvirt", "used display ports are given out again"],
      ["Z068", "libvirt", "events of reconnected guests come too early"],
      ["Z069", "libvirt", "paths of helpers are not in the status", "peer"],
      ["Z070", "libvirt", "restart during a migration", "hotplug"],
      ["Z071", "libvirt", "a step of the reconnect fails and the guest is killed"],
      ["Z072", "libvirt", "any failure of a reconnect kills the guest"],
      ["Z073", "libvirt", "the number of active machines underflows", "derived"],
      ["Z074", "libvirt", "definitions vanish"],
      ["Z075", "libvirt", "a label of a log is not restored", "peer"],
      ["Z076", "libvirt-lxc", "guests are killed by the restart"],
      ["Z077", "ganeti", "files with pids are taken for what lives"],
      ["Z078", "KubeVirt", "not reachable for a moment is read as gone"],
      ["Z079", "docker", "gone with its keeper, and up for ever"]
    ])
  },
  {
    id: "C08",
    name: "Resources",
    records: records([
      ["Z080", "libvirt", "a rollback takes another machine's device"],
      ["Z081", "libvirt", "a device in use is given to its driver by hand"],
      ["Z082", "libvirt", "a device is used before the guest let it go", "hotplug"],
      ["Z083", "libvirt", "the second of several devices is taken: the rollback fails"],
      ["Z084", "Qubes", "stopped in the list while its device is still cleaned up"],
      ["Z085", "TrueNAS", "two machines with one device: QEMU finds out"],
      ["Z086", "libvirt", "a port is never released"],
      ["Z087", "libvirt", "who created an interface is forgotten by an update", "hotplug"],
      ["Z088", "libvirt", "what a crash has left piles up"],
      ["Z089", "libvirt", "only the last of several changes is rolled back"],
      ["Z090", "libvirt", "what a failed write has left cannot be removed"],
      ["Z091", "libvirt", "a descriptor leaks with every call"],
      ["Z092", "libvirt", "a socket leaks with every upload"],
      ["Z093", "Kata", "an error after the spawn skips the cleanup"]
    ])
  },
  {
    id: "C09",
    name: "Stop, kill, start",
    records: records([
      ["Z094", "libvirt", "killed in vain counts as killed"],
      ["Z095", "LXD", "stopped before QEMU has exited"],
      ["Z096", "LXD", "the state is a stale copy in between"],
      ["Z097", "Multipass", "stop while starting hangs"],
      ["Z098", "Incus", "an automatic restart after an explicit stop"],
      ["Z099", "Proxmox", "the cleanup runs twice"],
      ["Z100", "Xen", "destroy while it restarts: a zombie that keeps its disks"],
      ["Z101", "KubeVirt", "stop and start give two of one machine"],
      ["Z102", "Kata", "stop is told before QEMU has exited"],
      ["Z103", "ganeti", "polling a QEMU that exits fails the job", "construction"],
      ["Z104", "libvirt-ch", "destroy does not kill"],
      ["Z105", "libvirt-libxl", "two threads clean up"],
      ["Z106", "libvirt", "destroy during a start needs a case of its own"],
      ["Z107", "libvirt", "the guest is continued before it may run"]
    ])
  },
  {
    id: "C10",
    name: "Jobs",
    records: records([
      ["Z108", "libvirt", "the controller dies, and its guest cannot be ended"],
      ["Z109", "KubeVirt", "a cancel outside of running hangs for ever"],
      ["Z110", "KubeVirt", "two run after a migration", "hotplug"],
      ["Z111", "Nova", "an error after the switch-over", "hotplug"],
      ["Z112", "libvirt", "both sides of a migration paused for ever", "hotplug"],
      ["Z113", "libvirt", "a job is not tracked any more"],
      ["Z114", "libvirt", "jobs that never end"]
    ])
  },
  {
    id: "C11",
    name: "One slow peer",
    records: records([
      ["Z115", "libvirt", "any query waits for the job"],
      ["Z116", "libvirt", "a guest's agent blocks all calls for its machine"],
      ["Z117", "libvirt", "a command runs with every lock held"],
      ["Z118", "libvirt", "one loop for all monitors"],
      ["Z119", "libvirt", "a listing blocks during a save"],
      ["Z120", "libvirt", "a dead file server blocks without limit"],
      ["Z121", "libvirt", "reading the definition needs a job"],
      ["Z122", "libvirt", "holes in a stream stop the client's calls"],
      ["Z123", "Incus", "one stopped QEMU hangs the list of all"],
      ["Z124", "OpenNebula", "one hung daemon blocks other hosts"],
      ["Z125", "Kata", "the start holds the lock for all of the bring-up"]
    ])
  },
  {
    id: "C12",
    name: "Shutdown and reload",
    records: records([
      ["Z126", "libvirt", "the daemon ends while its threads work"],
      ["Z127", "libvirt", "the daemon is ended while it opens"],
      ["Z128", "libvirt", "a crash when it is stopped too quickly"],
      ["Z129", "libvirt", "the config changes under a running machine"],
      ["Z130", "libvirt", "a reload that reloads nothing"]
    ])
  },
  {
    id: "C13",
    name: "Connections",
    records: records([
      ["Z131", "virt-manager", "a connection is not given back"],
      ["Z132", "KubeVirt", "a callback is registered beside a reconnect"],
      ["Z133", "libvirt", "an interrupted message: another machine is meant"],
      ["Z134", "libvirt", "registering a callback waits for a worker", "rpc"],
      ["Z135", "clients", "keepalive starves behind its own client's calls", "rpc"]
    ])
  }
]

/** Which class a record is of. */
export const classOf = (record: string): ZooClass | undefined =>
  zoo.find(({ records: all }) => all.some(({ id }) => id === record))
