/**
 * What a real QEMU answered to a probe, cut to the names that the engine's sources hold. Made by
 * `node test/contract/qemu/make-answers.ts > src/testing/qemu/answers-data.ts`; not to be edited.
 */
export const answersText =
  '{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":' +
  '"Debian 1:7.2+dfsg-7+deb12u18+b3"},"target":{"arch":"x86_64"},"machines":[{' +
  '"hotpluggable-cpus":false,"name":"none","numa-mem-supported":false,"cpu-max":1,"deprecated"' +
  ':false,"default-ram-id":"ram"},{"hotpluggable-cpus":true,"name":"pc-q35-7.2",' +
  '"numa-mem-supported":false,"default-cpu-type":"qemu64-x86_64-cpu","cpu-max":288,"deprecated"' +
  ':false,"default-ram-id":"pc.ram","alias":"q35"},{"hotpluggable-cpus":true,"name":' +
  '"pc-i440fx-7.2","numa-mem-supported":false,"default-cpu-type":"qemu64-x86_64-cpu",' +
  '"is-default":true,"cpu-max":255,"deprecated":false,"default-ram-id":"pc.ram","alias":"pc"}],' +
  '"cpus":[{"name":"max","typename":"max-x86_64-cpu","unavailable-features":[],"static":false,' +
  '"migration-safe":false,"deprecated":false},{"name":"qemu64","typename":"qemu64-x86_64-cpu",' +
  '"unavailable-features":[],"static":false,"migration-safe":true,"deprecated":false},{"name":' +
  '"qemu32","typename":"qemu32-x86_64-cpu","unavailable-features":[],"static":false,' +
  '"migration-safe":true,"deprecated":false},{"name":"kvm64","typename":"kvm64-x86_64-cpu",' +
  '"unavailable-features":[],"static":false,"migration-safe":true,"deprecated":false},{"name":' +
  '"Nehalem","typename":"Nehalem-x86_64-cpu","unavailable-features":[],"static":false,' +
  '"migration-safe":true,"deprecated":false},{"name":"Haswell","typename":"Haswell-x86_64-cpu",' +
  '"unavailable-features":["pcid","x2apic","tsc-deadline","hle","invpcid","rtm"],"static"' +
  ':false,"migration-safe":true,"deprecated":false}],"expansion":{"name":"base","props":{' +
  '"svme-addr-chk":true,"cmov":true,"aes":true,"mmx":true,"arat":true,"mpx":true,"sse4.1":true,' +
  '"family":15,"msr":true,"mce":true,"mca":true,"min-level":13,"xgetbv1":true,"fxsr":true,' +
  '"xsaveopt":true,"cr8legacy":true,"vendor":"AuthenticAMD","pku":true,"pks":true,"3dnowext"' +
  ':true,"npt":true,"clwb":true,"adx":true,"ss":true,"pni":true,"smep":true,"smap":true,"f16c"' +
  ':true,"pae":true,"pat":true,"sse":true,"hypervisor":true,"pcommit":true,"syscall":true,"svm"' +
  ':true,"sse2":true,"cx8":true,"sse4.2":true,"pge":true,"model":107,"movbe":true,"ssse3":true,' +
  '"sse4a":true,"pdpe1gb":true,"fma":true,"cx16":true,"de":true,"stepping":1,"xsave":true,' +
  '"clflush":true,"tsc":true,"fpu":true,"la57":true,"apic":true,"avx":true,"acpi":true,' +
  '"fsgsbase":true,"nx":true,"pclmulqdq":true,"mmxext":true,"popcnt":true,"vaes":true,"lm"' +
  ':true,"umip":true,"pse":true,"avx2":true,"sep":true,"min-xlevel":2147483658,"bmi1":true,' +
  '"bmi2":true,"clflushopt":true,"monitor":true,"vgif":true,"3dnow":true,"erms":true,"lahf-lm"' +
  ':true,"rdrand":true,"mtrr":true,"rdtscp":true,"pse36":true,"model-id":' +
  '"QEMU TCG CPU version 2.5+","abm":true}},"expansionUnmigratable":{"name":"base","props":{' +
  '"svme-addr-chk":true,"cmov":true,"aes":true,"mmx":true,"arat":true,"mpx":true,"sse4.1":true,' +
  '"family":15,"msr":true,"mce":true,"mca":true,"min-level":13,"xgetbv1":true,"fxsr":true,' +
  '"xsaveopt":true,"cr8legacy":true,"vendor":"AuthenticAMD","pku":true,"pks":true,"3dnowext"' +
  ':true,"npt":true,"clwb":true,"adx":true,"ss":true,"pni":true,"smep":true,"smap":true,"f16c"' +
  ':true,"pae":true,"pat":true,"sse":true,"hypervisor":true,"pcommit":true,"syscall":true,"svm"' +
  ':true,"sse2":true,"cx8":true,"sse4.2":true,"pge":true,"model":107,"movbe":true,"ssse3":true,' +
  '"sse4a":true,"pdpe1gb":true,"fma":true,"cx16":true,"de":true,"stepping":1,"xsave":true,' +
  '"clflush":true,"tsc":true,"fpu":true,"la57":true,"apic":true,"avx":true,"acpi":true,' +
  '"fsgsbase":true,"nx":true,"pclmulqdq":true,"mmxext":true,"popcnt":true,"vaes":true,"lm"' +
  ':true,"umip":true,"pse":true,"avx2":true,"sep":true,"min-xlevel":2147483658,"bmi1":true,' +
  '"bmi2":true,"clflushopt":true,"monitor":true,"vgif":true,"3dnow":true,"erms":true,"lahf-lm"' +
  ':true,"rdrand":true,"mtrr":true,"rdtscp":true,"pse36":true,"model-id":' +
  '"QEMU TCG CPU version 2.5+","abm":true}},"schema":[{"name":"blockdev-add","meta-type":' +
  '"command","arg-type":"49","ret-type":"0"},{"name":"49","meta-type":"object","tag":"driver",' +
  '"members":[{"name":"driver","type":"291"}],"variants":[{"case":"file","type":"301"}]},{' +
  '"name":"291","meta-type":"enum","values":["blkdebug","blklogwrites","blkreplay","blkverify",' +
  '"bochs","cloop","compress","copy-before-write","copy-on-read","dmg","file","snapshot-access"' +
  ',"ftp","ftps","gluster","host_cdrom","host_device","http","https","iscsi","luks","nbd","nfs"' +
  ',"null-aio","null-co","nvme","parallels","preallocate","qcow","qcow2","qed","quorum","raw",' +
  '"rbd","replication","ssh","throttle","vdi","vhdx","vmdk","vpc","vvfat"],"members":[]},{' +
  '"name":"301","meta-type":"object","members":[{"name":"aio","type":"523"}]},{"name":"523",' +
  '"meta-type":"enum","values":["threads","native","io_uring"],"members":[]},{"name":' +
  '"netdev_add","meta-type":"command","arg-type":"100","ret-type":"0"},{"name":"100",' +
  '"meta-type":"object","tag":"type","members":[{"name":"type","type":"347"}],"variants":[]},{' +
  '"name":"347","meta-type":"enum","values":["none","nic","user","tap","l2tpv3","socket",' +
  '"stream","dgram","vde","bridge","hubport","netmap","vhost-user","vhost-vdpa"],"members"' +
  ':[]},{"name":"chardev-add","meta-type":"command","arg-type":"89","ret-type":"90"},{"name":' +
  '"89","meta-type":"object","members":[{"name":"backend","type":"344"}]},{"name":"344",' +
  '"meta-type":"object","tag":"type","members":[{"name":"type","type":"560"}],"variants":[]},{' +
  '"name":"560","meta-type":"enum","values":["file","serial","parallel","pipe","socket","udp",' +
  '"pty","null","mux","msmouse","wctablet","braille","testdev","stdio","console","spicevmc",' +
  '"spiceport","qemu-vdagent","dbus","vc","ringbuf","memory"],"members":[]},{"name":' +
  '"query-display-options","meta-type":"command","arg-type":"0","ret-type":"137"},{"name":"137"' +
  ',"meta-type":"object","tag":"type","members":[{"name":"type","type":"390"}],"variants":[]},{' +
  '"name":"390","meta-type":"enum","values":["default","none","gtk","sdl","egl-headless",' +
  '"curses","spice-app","dbus"],"members":[]},{"name":"object-add","meta-type":"command",' +
  '"arg-type":"183","ret-type":"0"},{"name":"183","meta-type":"object","tag":"qom-type",' +
  '"members":[{"name":"qom-type","type":"428"}],"variants":[]},{"name":"428","meta-type":"enum"' +
  ',"values":["authz-list","authz-listfile","authz-pam","authz-simple","can-bus",' +
  '"can-host-socketcan","colo-compare","cryptodev-backend","cryptodev-backend-builtin",' +
  '"cryptodev-backend-lkcf","cryptodev-vhost-user","dbus-vmstate","filter-buffer","filter-dump"' +
  ',"filter-mirror","filter-redirector","filter-replay","filter-rewriter","input-barrier",' +
  '"input-linux","iothread","main-loop","memory-backend-epc","memory-backend-file",' +
  '"memory-backend-memfd","memory-backend-ram","pef-guest","pr-manager-helper","qtest",' +
  '"rng-builtin","rng-egd","rng-random","secret","secret_keyring","sev-guest","thread-context",' +
  '"s390-pv-guest","throttle-group","tls-creds-anon","tls-creds-psk","tls-creds-x509",' +
  '"tls-cipher-suites","x-remote-object","x-vfio-user-server"],"members":[]}],"types":' +
  '"AC97 ES1370 ICH9-LPC IDE PCI PIIX4_PM SCSI VGA am53c974 bochs-display cirrus-vg' +
  "a clock dc390 e1000 e1000-82544gc e1000-82545em e1000e esp floppy hda-duplex hda" +
  "-micro hda-output hpet i6300esb i82801b11-bridge ib700 ich9-ahci ich9-intel-hda " +
  "ich9-usb-ehci1 ich9-usb-uhci1 ich9-usb-uhci2 ich9-usb-uhci3 ide-cd ide-hd input-" +
  "linux intel-hda intel-iommu ioh3420 iothread isa-debugcon isa-fdc isa-parallel i" +
  "sa-serial kvm-pit kvmclock loader lsi53c895a max-x86_64-cpu mch megasas memory-b" +
  "ackend-file memory-backend-memfd memory-backend-ram mptsas1068 ne2k_isa ne2k_pci" +
  " nec-usb-xhci nvdimm nvme pci-bridge pci-ohci pci-serial pcie-pci-bridge pcie-ro" +
  "ot-port pcnet piix3-usb-uhci piix4-usb-uhci pvpanic pvpanic-pci pvscsi pxb pxb-p" +
  "cie qemu-xhci qemu64-x86_64-cpu qxl qxl-vga ramfb rng-builtin rng-egd rng-random" +
  " rtl8139 sb16 scsi-block scsi-cd scsi-generic scsi-hd secondary-vga secret seria" +
  "l tcg-accel thread-context tls-creds-x509 tulip usb-audio usb-ccid usb-ehci usb-" +
  "host usb-hub usb-kbd usb-mouse usb-net usb-redir usb-serial usb-storage usb-tabl" +
  "et vfio-pci vfio-pci-nohotplug virtconsole virtio-9p-device virtio-9p-pci virtio" +
  "-9p-pci-non-transitional virtio-9p-pci-transitional virtio-balloon-device virtio" +
  "-balloon-pci virtio-balloon-pci-non-transitional virtio-balloon-pci-transitional" +
  " virtio-blk-device virtio-blk-pci virtio-blk-pci-non-transitional virtio-blk-pci" +
  "-transitional virtio-gpu-gl-pci virtio-gpu-pci virtio-input-host-device virtio-i" +
  "nput-host-pci virtio-iommu-pci virtio-keyboard-device virtio-keyboard-pci virtio" +
  "-mem-pci virtio-mmio virtio-mouse-device virtio-mouse-pci virtio-net-device virt" +
  "io-net-pci virtio-net-pci-non-transitional virtio-net-pci-transitional virtio-rn" +
  "g-device virtio-rng-pci virtio-rng-pci-non-transitional virtio-rng-pci-transitio" +
  "nal virtio-scsi-device virtio-scsi-pci virtio-scsi-pci-non-transitional virtio-s" +
  "csi-pci-transitional virtio-serial-device virtio-serial-pci virtio-serial-pci-no" +
  "n-transitional virtio-serial-pci-transitional virtio-tablet-device virtio-tablet" +
  "-pci virtio-vga virtio-vga-gl virtserialport vmcoreinfo vmgenid vmport vmware-sv" +
  'ga vmxnet3 x3130-upstream xio3130-downstream","commands":' +
  '"balloon block_set_io_throttle blockdev-add chardev-add cont device-list-propert' +
  "ies device_add inject-nmi memsave netdev_add object-add pmemsave qom-list-proper" +
  "ties qom-list-types query-block query-blockstats query-chardev query-command-lin" +
  "e-options query-commands query-cpu-definitions query-cpu-model-expansion query-d" +
  "irty-rate query-display-options query-iothreads query-machines query-qmp-schema " +
  "query-status query-target query-version rtc-reset-reinjection send-key set-actio" +
  'n stop system_powerdown system_reset system_wakeup","options":{"machine":' +
  '"append dump-guest-core firmware iommu kernel kernel_irqchip mem-merge type usb","spice":' +
  '"addr agent-mouse disable-agent-file-xfer disable-copy-paste disable-ticketing d' +
  "isplay gl head image-compression ipv4 ipv6 jpeg-wan-compression password plainte" +
  "xt-channel playback-compression port rendernode sasl seamless-migration streamin" +
  'g-video tls-channel tls-port unix x509-dir zlib-glz-wan-compression","iscsi":' +
  '"password timeout user","sandbox":"elevateprivileges obsolete resourcecontrol spawn","acpi":' +
  '"","vnc":"audiodev display head ipv4 ipv6 password power-control sasl share tls-creds to ' +
  'vnc websocket","action":"panic reboot shutdown watchdog","":"","name":' +
  '"debug-threads guest process","object":"","memory":"maxmem size slots","rtc":' +
  '"base clock driftfix","net":"","netdev":"","device":"","chardev":' +
  '"append backend chardev clipboard debug delay fd host ipv4 ipv6 localaddr localp' +
  "ort logappend logfile mouse name path port reconnect server signal size telnet t" +
  'ls-creds to wait websocket","drive":' +
  '"aio auto-read-only bus copy-on-read detect-zeroes discard driver file format in' +
  'dex node-name read-only unit"},"properties":{"ICH9-LPC":' +
  '"addr disable_s3 disable_s4 multifunction","PIIX4_PM":' +
  '"addr disable_s3 disable_s4 multifunction","VGA":"addr multifunction","ide-hd":' +
  '"drive model serial share-rw unit write-cache","intel-iommu":' +
  '"aw-bits caching-mode device-iotlb","kvm-pit":"lost_tick_policy","mch":' +
  '"addr extended-tseg-mbytes multifunction","nvdimm":"addr memdev node size slot uuid",' +
  '"pcie-root-port":"addr multifunction port slot","qxl":"addr debug multifunction","scsi-hd":' +
  '"channel drive lun product scsi-id serial share-rw vendor write-cache","usb-host":' +
  '"attached guest-reset guest-resets-all hostdevice port serial","usb-redir":' +
  '"attached chardev debug filter port serial","usb-storage":' +
  '"attached drive port serial share-rw write-cache","vfio-pci":' +
  '"addr display host multifunction","virtio-balloon-pci":' +
  '"addr deflate-on-oom disable-legacy disable-modern free-page-reporting guest-sta' +
  'ts guest-stats-polling-interval iothread multifunction page-per-vq","virtio-blk-pci":' +
  '"addr class disable-legacy disable-modern discard drive iothread multifunction n' +
  'um-queues page-per-vq queue-size scsi serial share-rw write-cache","virtio-gpu-pci":' +
  '"addr disable-legacy disable-modern multifunction page-per-vq","virtio-iommu-pci":' +
  '"addr class disable-legacy disable-modern multifunction page-per-vq","virtio-mem-pci":' +
  '"addr disable-legacy disable-modern memdev multifunction node page-per-vq size",' +
  '"virtio-net-pci":' +
  '"addr disable-legacy disable-modern duplex multifunction netdev page-per-vq status tx",' +
  '"virtio-scsi-pci":"addr disable-legacy disable-modern iothread multifunction page-per-vq",' +
  '"vmware-svga":"addr multifunction","max-x86_64-cpu":' +
  '"acpi core-id de die-id ds family host-cache-info host-phys-bits hv-avic hv-cras' +
  "h hv-evmcs hv-frequencies hv-ipi hv-passthrough hv-reenlightenment hv-relaxed hv" +
  "-reset hv-runtime hv-spinlocks hv-stimer hv-stimer-direct hv-synic hv-time hv-tl" +
  "bflush hv-vapic hv-vendor-id hv-vpindex hypervisor kvm kvm-hint-dedicated kvm-po" +
  "ll-control kvm-pv-eoi kvm-pv-ipi kvm-pv-unhalt kvmclock l3-cache level memory mi" +
  "gratable model monitor phys-bits pmu socket-id ss sse4.1 sse4.2 stepping thread-" +
  'id tsc tsc-frequency type unavailable-features vendor","memory-backend-file":' +
  '"discard-data dump mem-path merge prealloc-threads readonly reserve share size t' +
  'ype x-use-canonical-path-for-ramblock-id","memory-backend-memfd":' +
  '"dump merge prealloc-threads reserve share size type x-use-canonical-path-for-ramblock-id"}}'
