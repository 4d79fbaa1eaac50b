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
  log: "/run/daemon.log",
  /** What an inner guest boots that drives its card by itself. */
  kernel: "/opt/inner/vmlinuz",
  initrd: "/opt/inner/initrd"
} as const

/** The outer guest ends itself after so many seconds, should whoever started it be gone. */
export const lifeSecondsMax = 2_400

/** What the serial line says once the shell listens. */
export const upLine = "TROUPE OUTER UP"

/** `init` of the initial file system: loads the modules and hands over to the disk. */
export const outerInit = `#!/bin/busybox sh
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
export const outerStart = `#!/bin/busybox sh
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

/** Addresses on the wire that only the two cards are on. */
export const wire = { inner: "192.168.77.1", outer: "192.168.77.2" } as const

/** The first line on the USB stick. */
export const stickLine = "words on a stick of the host"

/**
 * `init` of an inner guest: it says on its serial line what card it has, what stands on the stick,
 * and when it has been answered on the wire.
 */
export const innerInit = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec > /dev/ttyS0 2>&1
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
echo "INNER CARD $(cat /sys/class/net/eth0/address)"
# The node is there before the stick is ready.
until line=$(head -n 1 /dev/sda 2>/dev/null) && [ -n "$line" ]; do usleep 200000; done
echo "INNER STICK $line"
ip addr add ${wire.inner}/24 dev eth0
ip link set eth0 up
until ping -c 3 -W 5 ${wire.outer}; do sleep 1; done
echo "INNER PING ANSWERED"
while true; do sleep 60; done
`
