/** Kinds of devices of the host, as virsh's words and as bits of libvirt's call. */

/** VIR_CONNECT_LIST_NODE_DEVICES_CAP_*, by the words of virsh. */
export const capabilityFlags = {
  system: 1,
  pci: 2,
  usb_device: 4,
  usb: 8,
  net: 16,
  scsi_host: 32,
  scsi_target: 64,
  scsi: 128,
  storage: 256,
  fc_host: 512,
  vports: 1024,
  scsi_generic: 2048,
  drm: 4096,
  mdev_types: 8192,
  mdev: 16_384,
  ccw: 32_768,
  css: 65_536,
  vdpa: 131_072,
  ap_card: 262_144,
  ap_queue: 524_288,
  ap_matrix: 1_048_576,
  vpd: 2_097_152
} as const
