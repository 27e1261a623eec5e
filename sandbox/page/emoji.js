/** Names of common emoji. Others stay as they are written, between colons. */

const TABLE = `
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 point_right 👉 point_left 👈
point_up ☝️ point_down 👇 raised_hand ✋ v ✌️ eyes 👀 brain 🧠 heart ❤️ broken_heart 💔 green_heart 💚 blue_heart 💙 yellow_heart 💛
smile 😄 smiley 😃 grinning 😀 grin 😁 joy 😂 slightly_smiling_face 🙂 wink 😉 blush 😊 thinking_face 🤔 thinking 🤔 neutral_face 😐
confused 😕 worried 😟 cry 😢 sob 😭 scream 😱 sweat_smile 😅 sweat 😓 sunglasses 😎 tada 🎉 party_popper 🎉 partying_face 🥳 rocket 🚀
fire 🔥 boom 💥 zap ⚡ sparkles ✨ star ⭐ star2 🌟 sunny ☀️ cloud ☁️ umbrella ☔ snowflake ❄️ rainbow 🌈 moon 🌙 zzz 💤 dizzy 💫
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ heavy_multiplication_x ✖️ warning ⚠️
no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 rotating_light 🚨 construction 🚧 sos 🆘 exclamation ❗ heavy_exclamation_mark ❗ question ❓
grey_question ❔ grey_exclamation ❕ bangbang ‼️ information_source ℹ️ red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡
large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤 black_circle ⚫ white_circle ⚪ red_square 🟥
large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 large_purple_square 🟪
black_large_square ⬛ white_large_square ⬜ small_red_triangle 🔺 small_red_triangle_down 🔻 small_blue_diamond 🔹 large_blue_diamond 🔷
large_orange_diamond 🔶 small_orange_diamond 🔸 arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️ arrow_upper_right ↗️
arrows_counterclockwise 🔄 arrow_forward ▶️ arrow_backward ◀️ double_vertical_bar ⏸️ fast_forward ⏩ rewind ⏪ repeat 🔁 back 🔙 soon 🔜
leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️ heavy_plus_sign ➕ heavy_minus_sign ➖ new 🆕 free 🆓 up 🆙 ok 🆗 one 1️⃣ two 2️⃣ three 3️⃣
four 4️⃣ five 5️⃣ zero 0️⃣ hash #️⃣ hourglass ⌛ hourglass_flowing_sand ⏳ watch ⌚ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ clock1 🕐
clock3 🕒 clock9 🕘 calendar 📆 date 📅 spiral_calendar_pad 🗓️ bell 🔔 no_bell 🔕 mega 📣 loudspeaker 📢 speech_balloon 💬
thought_balloon 💭 left_speech_bubble 🗨️ email 📧 envelope ✉️ incoming_envelope 📨 inbox_tray 📥 outbox_tray 📤 package 📦 mailbox 📫
memo 📝 pencil 📝 pencil2 ✏️ page_facing_up 📄 page_with_curl 📃 scroll 📜 bookmark_tabs 📑 clipboard 📋 pushpin 📌 round_pushpin 📍
paperclip 📎 link 🔗 file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️ books 📚 book 📖 notebook 📓 ledger 📒 newspaper 📰
label 🏷️ bookmark 🔖 mag 🔍 mag_right 🔎 lock 🔒 unlock 🔓 closed_lock_with_key 🔐 key 🔑 old_key 🗝️ shield 🛡️ bug 🐛 beetle 🐞
wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 fire_extinguisher 🧯 electric_plug 🔌 battery 🔋 bulb 💡
flashlight 🔦 computer 💻 desktop_computer 🖥️ keyboard ⌨️ printer 🖨️ iphone 📱 phone ☎️ telephone_receiver 📞 pager 📟 satellite 🛰️
satellite_antenna 📡 globe_with_meridians 🌐 earth_africa 🌍 earth_americas 🌎 cd 💿 floppy_disk 💾 minidisc 💽 camera 📷 movie_camera 🎥
credit_card 💳 moneybag 💰 shopping_trolley 🛒 bar_chart 📊 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 dart 🎯 trophy 🏆
medal 🏅 crown 👑 gift 🎁 balloon 🎈 coffee ☕ beer 🍺 pizza 🍕 cake 🍰 robot_face 🤖 ghost 👻 skull 💀 bust_in_silhouette 👤
busts_in_silhouette 👥 technologist 🧑‍💻 firefighter 🧑‍🚒 detective 🕵️ ambulance 🚑 fire_engine 🚒 police_car 🚓 helicopter 🚁 airplane ✈️ car 🚗
house 🏠 office 🏢 hospital 🏥 factory 🏭 anchor ⚓ ship 🚢 sailboat ⛵ ocean 🌊 snail 🐌 turtle 🐢 unicorn_face 🦄 cat 🐱 dog 🐶 tree 🌲
seedling 🌱 wastebasket 🗑️ broom 🧹 test_tube 🧪 microscope 🔬 thermometer 🌡️ pill 💊 adhesive_bandage 🩹 stethoscope 🩺 ticket 🎫
vertical_traffic_light 🚦 checkered_flag 🏁 triangular_flag_on_post 🚩 white_flag 🏳️ heavy_dollar_sign 💲 recycle ♻️ infinity ♾️
`;

const words = TABLE.trim().split(/\s+/);
export const EMOJI = new Map();
for (let at = 0; at < words.length; at += 2) EMOJI.set(words[at], words[at + 1]);

export const QUICK = ["+1", "eyes", "white_check_mark", "tada", "heart", "fire", "rocket", "pray", "thinking_face", "x",
  "warning", "wave"];

const base = (name) => name.split("::")[0];

export const sign = (name) => EMOJI.get(base(name)) ?? `:${name}:`;

/** Replace the names in plain text. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => EMOJI.get(name) ?? whole);
}
