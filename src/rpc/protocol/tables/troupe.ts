/**
 * The program `troupe`: what libvirt's protocol has no procedure for. Its number is of the range
 * that RFC 5531 leaves to everybody; a daemon that does not have it says so, and is asked in
 * another way. Written by hand, as are its types in `troupe-types.ts`; numbers and layouts are
 * never changed.
 */

import type { ProgramTable } from "../layout.ts"

export const troupe: ProgramTable = {
  number: 0x20747270,
  version: 1,
  limits: { TROUPE_HOST_DEVICES_MAX: 65536 },
  types: {
    troupe_host_device: {
      kind: "struct",
      fields: {
        kind: "remote_nonnull_string",
        device: "remote_nonnull_string",
        name: "remote_string",
        product: "remote_string",
        state: "remote_nonnull_string",
        driver: "remote_string",
        iommuGroup: "int",
        holder: "remote_string",
        holderUuid: "remote_string",
        whyNot: "remote_string"
      }
    },
    troupe_host_devices_list_args: { kind: "struct", fields: { flags: "unsigned" } },
    troupe_host_devices_list_ret: {
      kind: "struct",
      fields: { devices: { kind: "array", of: "troupe_host_device", max: 65536 } }
    },
    troupe_host_device_detach_args: {
      kind: "struct",
      fields: { name: "remote_nonnull_string", flags: "unsigned" }
    }
  },
  procedures: [
    {
      number: 1,
      name: "HOST_DEVICES_LIST",
      api: "troupeHostDevicesList",
      args: "troupe_host_devices_list_args",
      ret: "troupe_host_devices_list_ret",
      acl: ["connect:search_node_devices"]
    },
    {
      number: 2,
      name: "HOST_DEVICE_DETACH",
      api: "troupeHostDeviceDetach",
      args: "troupe_host_device_detach_args",
      isWrite: true,
      acl: ["node_device:detach"]
    }
  ],
  newer: {}
}
