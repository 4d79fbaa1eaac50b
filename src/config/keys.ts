/**
 * Every key of qemu.conf as libvirt 9.0 knows it, and Troupe's own, which start with `troupe_`:
 * type, default, what Troupe does with it, and why. A data table; docs/reference/config-keys.md is
 * made from it.
 */
import {
  type AnyKey,
  enforced,
  flag,
  inert,
  limit,
  list,
  listOf,
  listOrText,
  oneOf,
  refused,
  text,
  whole
} from "./key.ts"

const port = (least: number) => whole(least, 65_535)
const count = whole(0, 2 ** 31 - 1)
const imageFormat = oneOf("raw", "gzip", "bzip2", "xz", "lzop")

const noTls = "Troupe encrypts no connection, and none may look as if it were"
const noSaslFolder = "QEMU reads its SASL settings from where they are by default"
const noCertificates = "Troupe encrypts no connection, so no certificate is read"
const noMigration = "guests are not migrated by Troupe"
const noImages = "Troupe does not save or dump the memory of guests"

const displays = {
  vnc_listen: text("127.0.0.1", enforced("a VNC display without an address listens here")),
  vnc_auto_unix_socket: flag(
    false,
    enforced("a VNC display without an address listens on a socket")
  ),
  vnc_tls: flag(false, refused(noTls)),
  vnc_tls_x509_cert_dir: text("", inert(noCertificates)),
  vnc_tls_x509_verify: flag(true, inert(noCertificates)),
  vnc_tls_x509_secret_uuid: text("", inert(noCertificates)),
  vnc_password: text(
    "",
    refused("no common password is set, and a display must not be open to everybody instead")
  ),
  vnc_sasl: flag(false, enforced("VNC clients authenticate by SASL, as QEMU is set up for it")),
  vnc_sasl_dir: text("", refused(noSaslFolder)),
  vnc_allow_host_audio: flag(false, enforced("a guest shown by VNC may use the host's sound")),
  spice_listen: text("127.0.0.1", enforced("a SPICE display without an address listens here")),
  spice_auto_unix_socket: flag(
    false,
    enforced("a SPICE display without an address listens on a socket")
  ),
  spice_tls: flag(false, refused(noTls)),
  spice_tls_x509_cert_dir: text("", inert(noCertificates)),
  spice_password: text(
    "",
    refused("no common password is set, and a display must not be open to everybody instead")
  ),
  spice_sasl: flag(false, enforced("SPICE clients authenticate by SASL, as QEMU is set up for it")),
  spice_sasl_dir: text("", refused(noSaslFolder)),
  nographics_allow_host_audio: flag(
    false,
    enforced("a guest without a display may use the host's sound")
  ),
  remote_display_port_min: port(5900)(5900, enforced("displays take ports from here")),
  remote_display_port_max: port(5900)(65_535, enforced("displays take ports up to here")),
  remote_websocket_port_min: port(5700)(5700, enforced("websockets take ports from here")),
  remote_websocket_port_max: port(5700)(65_535, enforced("websockets take ports up to here"))
}

const encryption = {
  default_tls_x509_cert_dir: text("/etc/pki/qemu", inert(noCertificates)),
  default_tls_x509_verify: flag(true, inert(noCertificates)),
  default_tls_x509_secret_uuid: text("", inert(noCertificates)),
  chardev_tls: flag(false, refused(noTls)),
  chardev_tls_x509_cert_dir: text("", inert(noCertificates)),
  chardev_tls_x509_verify: flag(true, inert(noCertificates)),
  chardev_tls_x509_secret_uuid: text("", inert(noCertificates)),
  vxhs_tls: flag(false, refused("QEMU no longer has VxHS disks")),
  vxhs_tls_x509_cert_dir: text("", inert("QEMU no longer has VxHS disks")),
  vxhs_tls_x509_secret_uuid: text("", inert("QEMU no longer has VxHS disks")),
  nbd_tls: flag(false, refused(noTls)),
  nbd_tls_x509_cert_dir: text("", inert(noCertificates)),
  nbd_tls_x509_secret_uuid: text("", inert(noCertificates)),
  migrate_tls_x509_cert_dir: text("", inert(noMigration)),
  migrate_tls_x509_verify: flag(true, inert(noMigration)),
  migrate_tls_x509_secret_uuid: text("", inert(noMigration)),
  migrate_tls_force: flag(false, inert(noMigration)),
  backup_tls_x509_cert_dir: text("", inert("Troupe makes no backups")),
  backup_tls_x509_verify: flag(true, inert("Troupe makes no backups")),
  backup_tls_x509_secret_uuid: text("", inert("Troupe makes no backups"))
}

const security = {
  security_driver: listOrText(
    [],
    refused("Troupe labels nothing, neither for SELinux nor for AppArmor; set it to none"),
    [[], ["none"]]
  ),
  security_default_confined: flag(
    false,
    inert("without a security driver no guest is confined by one")
  ),
  security_require_confined: flag(
    false,
    refused("without a security driver no guest is confined, so none could start")
  ),
  user: text("", enforced("QEMU runs as this user; empty: as the engine")),
  group: text("", enforced("QEMU runs with this group; empty: the user's own, or the engine's")),
  dynamic_ownership: flag(
    true,
    enforced("a guest's files belong to the user of QEMU while it runs")
  ),
  remember_owner: flag(true, inert("files always go back to whom they belonged")),
  // No "devices": version 2 has no such controller, and no guest must look guarded by one.
  cgroup_controllers: listOf(
    "cpu",
    "cpuacct",
    "cpuset",
    "memory",
    "blkio"
  )(
    [],
    enforced("a control group for each guest, where the host has these of version 2; []: none")
  ),
  cgroup_device_acl: list([], refused("guests are in the cgroup of the engine; set it to []")),
  seccomp_sandbox: whole(-1, 1)(
    -1,
    enforced("QEMU's filter of system calls: 1 on, 0 off, -1 on where QEMU has one")
  ),
  namespaces: list(
    [],
    refused("Troupe gives guests no mount namespace of their own; set it to []")
  ),
  capability_filters: list([], inert("Troupe acts on what QEMU says of itself"))
}

const processes = {
  set_process_name: flag(false, enforced("QEMU's process has the name of its guest")),
  max_processes: count(0, enforced("RLIMIT_NPROC of QEMU; 0: as the engine's")),
  max_files: count(0, enforced("RLIMIT_NOFILE of QEMU; 0: as the engine's")),
  max_threads_per_process: count(
    0,
    refused("only systemd's machine daemon could limit them, and Troupe does not use it")
  ),
  max_core: limit(0, enforced("RLIMIT_CORE of QEMU; not set: as the engine's")),
  dump_guest_core: flag(false, enforced("whether a core dump of QEMU has the guest's memory")),
  sched_core: oneOf(
    "none",
    "vcpus",
    "emulator",
    "full"
  )(
    "none",
    refused("Troupe sets no scheduling cookies, and guests must not look apart when they are not")
  ),
  log_timestamp: flag(true, enforced("QEMU puts the time before each line of its log")),
  stdio_handler: oneOf("logd", "file")(
    "logd",
    inert("a log file is kept within a limit by the engine")
  ),
  deprecation_behavior: oneOf(
    "none",
    "omit",
    "reject",
    "crash"
  )("none", inert("QEMU treats deprecated words as it does by default")),
  gluster_debug_level: whole(0, 9)(4, inert("Troupe attaches no Gluster disks")),
  virtiofsd_debug: flag(false, inert("Troupe does not start virtiofsd"))
}

const host = {
  hugetlbfs_mount: listOrText([], enforced("huge pages come from here; []: from any mount")),
  memory_backing_dir: text(
    "",
    enforced("guest memory that is a file is here; empty: in the engine's root")
  ),
  nvram: list([], enforced("templates of variables for firmware that a definition names")),
  bridge_helper: text(
    "/usr/lib/qemu/qemu-bridge-helper",
    enforced("connects a guest to a bridge when the engine is not root")
  ),
  pr_helper: text(
    "/usr/bin/qemu-pr-helper",
    inert("a guest with reservations is refused at start")
  ),
  slirp_helper: text("/usr/bin/slirp-helper", inert("QEMU's own user network is used")),
  dbus_daemon: text("/usr/bin/dbus-daemon", inert("Troupe starts no D-Bus for guests")),
  swtpm_user: text("tss", inert("a guest with an emulated TPM is refused at start")),
  swtpm_group: text("tss", inert("a guest with an emulated TPM is refused at start")),
  mac_filter: flag(false, refused("Troupe sets no filters on bridges")),
  relaxed_acs_check: flag(false, inert("who prepares a PCI device has to check its isolation")),
  allow_disk_format_probing: flag(
    false,
    refused("guessing formats lets a guest choose its own disk")
  ),
  clear_emulator_capabilities: flag(true, inert("libvirt itself no longer has this key")),
  lock_manager: oneOf(
    "",
    "nop",
    "lockd",
    "sanlock"
  )("", refused("Troupe takes no leases; QEMU's own locks guard images on one host"), ["", "nop"])
}

const operations = {
  save_image_format: imageFormat("raw", inert(noImages)),
  dump_image_format: imageFormat("raw", inert(noImages)),
  snapshot_image_format: imageFormat("raw", inert(noImages)),
  auto_dump_path: text("/var/lib/libvirt/qemu/dump", inert(noImages)),
  auto_dump_bypass_cache: flag(false, inert(noImages)),
  auto_start_bypass_cache: flag(false, inert(noImages)),
  max_queued: count(0, inert("the queue of a domain always has a bound, which is fixed")),
  keepalive_interval: whole(-1, 86_400)(5, inert(noMigration)),
  keepalive_count: count(5, inert(noMigration)),
  migration_address: text("0.0.0.0", inert(noMigration)),
  migration_host: text("", inert(noMigration)),
  migration_port_min: port(1)(49_152, inert(noMigration)),
  migration_port_max: port(1)(49_215, inert(noMigration))
}

/** Not libvirt's: it ignores them, so that one file serves both. */
const troupe = {
  troupe_emulator: text(
    "",
    enforced("the QEMU of a domain that names none; empty: that of its architecture in PATH")
  ),
  troupe_log_bytes_max: whole(4096, 2 ** 40)(
    2 * 1024 * 1024,
    enforced("a guest's log or console file of this size is moved aside and begun anew")
  ),
  troupe_log_backups_max: whole(0, 100)(3, enforced("how many of what was moved aside are kept")),
  troupe_start_concurrency: whole(0, 1024)(
    0,
    enforced("guests that start at the same time; 0: twice the number of processors")
  )
}

/** The table by groups, for the reference page. */
export const keyGroups = {
  Displays: displays,
  Encryption: encryption,
  Security: security,
  Processes: processes,
  Host: host,
  Operations: operations,
  "Troupe's own": troupe
} as const

export const keys = {
  ...displays,
  ...encryption,
  ...security,
  ...processes,
  ...host,
  ...operations,
  ...troupe
} as const satisfies { readonly [key: string]: AnyKey }

export type KeyName = keyof typeof keys
