/** Pools and volumes as text, for those who may not know XML. */
export { formatPool, parsePool } from "../xml/storage-pool.ts"
export { formatVolume, parseVolume } from "../xml/storage-volume.ts"
