/** What `troupe/testing` offers: a world in which anybody's actors and effects can be tested. */
export { type Exploration, explore } from "./explore.ts"
export { stepsMaxDefault, wallOriginMs, World, type WorldOptions } from "./world.ts"
