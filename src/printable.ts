/**
 * Text with nothing in it that moves a terminal's cursor, colours what follows or turns it around:
 * control and direction characters, tabs excepted, become U+FFFD, one for each.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (char) => (char === '\t' ? char : '\ufffd'));
}
