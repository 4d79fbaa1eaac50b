// A pool, a volume in it, bytes in, and the same bytes out again.
import { mkdir } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open()
const { storage } = troupe
await mkdir("images", { recursive: true })
const target = `${process.cwd()}/images`
const { name } = await storage.createPool(
  `<pool type='dir'><name>images</name><target><path>${target}</path></target></pool>`
)
const { key } = await storage.createVolume(
  { name },
  "<volume><name>notes.raw</name><capacity unit='KiB'>64</capacity></volume>"
)

await using upload = await storage.upload({ key })
await upload.write(new TextEncoder().encode("written through the engine"))
await upload.finish()

await using download = await storage.download({ key }, { lengthBytes: 26 })
console.log(await new Response(download.readable).text())
const { figures } = await storage.lookupPool({ name })
console.log("the pool has room:", figures.availableBytes > 0)
await storage.deleteVolume({ key })
