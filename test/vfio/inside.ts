/**
 * The shell scripts by which the outer guest comes up. The second one opens two ports: a shell that
 * runs what it is sent, and the way to the daemon's socket. Text only.
 */

/** The ports inside. */
export const ports = { shell: 7000, daemon: 7001 } as const

/** Where things are inside. */
export const inside = {
  root: "/var/lib/troupe",
  sockets: "/run/troupe",
  log: "/run/daemon.log"
} as const

/** The outer guest ends itself after so many seconds, should whoever started it be gone. */
export const lifeSecondsMax = 2_400

/** What the serial line says once the shell listens. */
export const upLine = "TROUPE OUTER UP"

/** `init` of the initial file system: loads the modules and hands over to the disk. */
export const firstInit = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
until [ -b /dev/vda ]; do usleep 10000; done
mount -t ext4 -o ro /dev/vda /new
for folder in proc sys dev; do mount --move /$folder /new/$folder; done
exec switch_root /new /etc/start
`

/** The first process on the disk, which is read-only: what is written lies in memory. */
export const secondInit = `#!/bin/busybox sh
for folder in run tmp var root; do /bin/busybox mount -t tmpfs tmp /$folder; done
mkdir() { /bin/busybox mkdir "$@"; }
mkdir -p /run/bin /dev/shm /dev/pts ${inside.root}
export PATH=/usr/bin:/bin:/run/bin HOME=/root
/bin/busybox --install -s /run/bin
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
hostname outer
ip link set lo up
for card in /sys/class/net/*; do
  case $(readlink $card/device/driver) in
    */virtio_net) ip addr add 10.0.2.15/24 dev $(basename $card); ip link set $(basename $card) up;;
  esac
done
(sleep ${lifeSecondsMax}; poweroff -f) &
nc -ll -p ${ports.daemon} -e /bin/nc.openbsd -N -U ${inside.sockets}/libvirt-sock &
nc -ll -p ${ports.shell} -e /bin/sh &
echo "${upLine} $(uname -r)"
while true; do wait; sleep 1; done
`
