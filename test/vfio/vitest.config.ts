/**
 * The nested proof as a run of its own (`npm run test:vfio`): it takes minutes, so its files are
 * not named as those that `npm test` runs.
 */
import { join } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: join(import.meta.dirname, "../.."),
    include: ["test/vfio/*.proof.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    reporters: ["verbose"]
  }
})
