/** The drawing on the empty stage: one portrait, left as a photo, right as a cartoon. Drawn for this project. */

const HEAD = 'M101 118C101 80 126 61 160 61s59 19 59 57l-1 44c-2 37-29 66-58 66s-56-29-58-66z';
const HAIR =
  'M93 146C80 78 118 36 168 38c50 2 76 42 60 108-3-22-11-38-27-47-30 12-62 10-80 2-15 8-24 22-28 45z';
const BODY = 'M40 320c4-46 46-66 92-76l28 14 28-14c46 10 88 30 92 76z';
const NECK = 'M134 206v44c10 16 42 16 52 0v-44z';
const EARS = '<ellipse cx="97" cy="158" rx="10" ry="16"/><ellipse cx="223" cy="158" rx="10" ry="16"/>';

/** `dots` rows of growing discs: a halftone, as round dashes of lines. */
const HALFTONE = Array.from({ length: 20 }, (_, row) => {
  const width = (1 + row * 0.52).toFixed(1);
  const offset = row % 2 === 0 ? 0 : 8;
  return `<path d="M${150 - offset} ${8 + row * 16}h190" stroke-width="${width}" stroke-dasharray="0 16"/>`;
}).join('');

export const PORTRAIT = `<svg viewBox="0 0 320 320" role="presentation" focusable="false">
<defs>
<clipPath id="p-all"><rect width="320" height="320" rx="36"/></clipPath>
<clipPath id="p-l"><path d="M0 0h160v320H0z"/></clipPath><clipPath id="p-r"><path d="M160 0h160v320H160z"/></clipPath>
<linearGradient id="p-bg" x2="1" y2="1"><stop stop-color="#7d919c"/><stop offset="1" stop-color="#c6b59d"/></linearGradient>
<radialGradient id="p-skin" cx=".62" cy=".4" r=".75"><stop stop-color="#e3b594"/><stop offset=".6" stop-color="#cb9472"/><stop offset="1" stop-color="#8f5b43"/></radialGradient>
<linearGradient id="p-hair" x2="1" y2=".8"><stop stop-color="#2a1c18"/><stop offset=".7" stop-color="#5a3b2d"/></linearGradient>
<linearGradient id="p-body" y2="1"><stop stop-color="#586a80"/><stop offset="1" stop-color="#2c3848"/></linearGradient>
<filter id="p-soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="5"/></filter>
<filter id="p-blur" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="9"/></filter>
</defs>
<g clip-path="url(#p-all)">
<g clip-path="url(#p-l)">
<rect width="320" height="320" fill="url(#p-bg)"/>
<g filter="url(#p-blur)" fill="#f4e6c8" opacity=".5"><circle cx="26" cy="60" r="24"/><circle cx="62" cy="132" r="14"/><circle cx="18" cy="190" r="18"/><circle cx="82" cy="24" r="12"/></g>
<path d="${BODY}" fill="url(#p-body)"/><path d="${NECK}" fill="#9d6a50"/><g fill="#b07a5c">${EARS}</g>
<path d="${HEAD}" fill="url(#p-skin)"/>
<g filter="url(#p-soft)"><path d="M103 150c2 50 26 76 57 78v-14c-26-2-44-28-46-70z" fill="#6d412f" opacity=".45"/><ellipse cx="136" cy="178" rx="13" ry="9" fill="#d98a72" opacity=".5"/></g>
<path d="M118 139q14-8 29-1" fill="none" stroke="#3a2620" stroke-width="5" stroke-linecap="round"/>
<path d="M120 155q13-11 27 0-13 8-27 0z" fill="#eee2d8"/><circle cx="134" cy="154" r="5.6" fill="#4a3327"/><circle cx="134" cy="154" r="2.6" fill="#120c0a"/><path d="M119 155q13-12 29 0" fill="none" stroke="#2e1d18" stroke-width="2"/>
<path d="M157 158c-3 12-8 20-8 26 0 4 5 6 11 6z" fill="#8f5b43" opacity=".5" filter="url(#p-soft)"/><path d="M149 189q5 4 11 3" fill="none" stroke="#7a4a38" stroke-width="2"/>
<path d="M138 205q12 7 22 7v-7q-12 1-22 0z" fill="#a4574f"/>
<path d="${HAIR}" fill="url(#p-hair)"/><path d="M100 112c4-34 28-58 62-62" fill="none" stroke="#8d6650" stroke-width="5" opacity=".45" filter="url(#p-soft)"/>
</g>
<g clip-path="url(#p-r)">
<rect width="320" height="320" fill="#ffc94a"/><g stroke="#f0622f" stroke-linecap="round" fill="none">${HALFTONE}</g>
<g stroke="#1f2340" stroke-width="6" stroke-linejoin="round">
<path d="${BODY}" fill="#1d7f8c"/><path d="${NECK}" fill="#f2a27b"/><g fill="#f9b890">${EARS}</g><path d="${HEAD}" fill="#ffc9a3"/>
<path d="M166 186q7 6 0 9" fill="none" stroke-width="5" stroke-linecap="round"/>
<path d="M136 203h24c13 0 22-2 29-6-3 17-15 25-29 25s-22-8-24-19z" fill="#fff" stroke-width="5"/>
<path d="M172 128q15-11 32 1" fill="none" stroke-width="7" stroke-linecap="round"/>
<ellipse cx="188" cy="160" rx="19" ry="21" fill="#fff" stroke-width="5"/>
</g>
<circle cx="186" cy="162" r="13" fill="#7a3e1d"/><circle cx="186" cy="162" r="7" fill="#1f2340"/><circle cx="192" cy="155" r="5" fill="#fff"/><circle cx="181" cy="168" r="2.5" fill="#fff"/>
<path d="M168 151q18-18 40-4" fill="none" stroke="#1f2340" stroke-width="7" stroke-linecap="round"/>
<ellipse cx="204" cy="190" rx="10" ry="6" fill="#f0622f" opacity=".55"/>
<path d="${HAIR}" fill="#6b2f1c" stroke="#1f2340" stroke-width="6" stroke-linejoin="round"/><path d="M178 56c22 3 36 17 40 36" fill="none" stroke="#c1673a" stroke-width="7" stroke-linecap="round"/>
</g>
</g>
<path d="M160 0v320" stroke="#fff" stroke-width="5"/><circle cx="160" cy="272" r="23" fill="#fff"/><path d="M153 264l-8 8 8 8M167 264l8 8-8 8" fill="none" stroke="#1f2340" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>
</svg>`;
