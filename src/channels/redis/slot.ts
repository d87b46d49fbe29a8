// The slot of a key in a Redis Cluster.

const SLOTS = 16_384
const TABLE: Uint16Array = tableOf(0x1021)

/** The slot of a hash tag: its CRC16 (XMODEM) modulo 16,384. @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
export function slotOf(tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] as number)
  }
  return crc % SLOTS
}

function tableOf(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ polynomial : crc << 1
    return crc
  })
}
