"""Inflected forms: what ``~word`` finds of real paradigms, and which other words it must not take for forms."""

from __future__ import annotations

import time

import pytest

from pipelines.rules.forms import FORMS_LIMIT, LANGUAGES, forms_of, language_of
from pipelines.text.tokens import fold

# One dictionary form a line, with the forms a text may have of it.
PARADIGMS = {
    "en": """
        missile: missiles
        attack: attacks attacked attacking
        army: armies
        ally: allies allied allying
        crash: crashes crashed crashing
        launch: launches launched launching
        strike: strikes struck striking stricken
        bomb: bombs bombed bombing
        seize: seizes seized seizing
        deny: denies denied denying
        plan: plans planned planning
        ban: bans banned banning
        crisis: crises
        woman: women
        box: boxes
        deploy: deploys deployed deploying
        withdraw: withdraws withdrew withdrawn withdrawing
        embargo: embargoes embargos
        gas: gases
        agree: agrees agreed agreeing
    """,
    "de": """
        Rakete: Raketen
        Angriff: Angriffs Angriffes Angriffe Angriffen
        Anschlag: Anschlags Anschläge Anschlägen Anschlage
        Regierung: Regierungen
        Präsident: Präsidenten
        Präsidentin: Präsidentinnen
        Minister: Ministers Ministern
        Land: Landes Lands Länder Ländern Lande
        Ministerium: Ministeriums Ministerien
        Zentrum: Zentrums Zentren
        Panzer: Panzers Panzern
        Volk: Volkes Volks Völker Völkern
        Ergebnis: Ergebnisse Ergebnisses Ergebnissen
        russisch: russische russischen russischer russisches russischem
        militärisch: militärische militärischen militärischer militärisches militärischem
        neu: neue neuen neuer neues neuem
        Sanktion: Sanktionen
        Staat: Staates Staats Staaten Staate
        bombardieren: bombardiert bombardierte bombardierten bombardiere
        Krise: Krisen
        Hafen: Hafens Häfen
        Wald: Waldes Wälder Wäldern
    """,
    "fr": """
        missile: missiles
        attaque: attaques
        attaquer: attaque attaquent attaqué attaquée attaqués attaquées attaquait attaquaient attaquant attaquera
        journal: journaux
        national: nationale nationaux nationales
        ukrainien: ukrainienne ukrainiens ukrainiennes
        européen: européenne européens européennes
        français: française françaises
        chinois: chinoise chinoises
        négociateur: négociatrice négociateurs négociatrices
        officiel: officielle officiels officielles
        dangereux: dangereuse dangereuses
        premier: première premiers premières
        étranger: étrangère étrangers étrangères
        président: présidente présidents présidentes
        bureau: bureaux
        lieu: lieux
        accord: accords
        prix:
        américain: américaine américains américaines
        explosif: explosive explosifs explosives
        envahir: envahit envahissent envahi envahie envahis envahies envahissait
    """,
    "es": """
        misil: misiles
        ataque: ataques
        atacar: ataca atacan atacó atacaron atacado atacada atacados atacadas atacando
        bombardear: bombardea bombardean bombardeó bombardearon bombardeado bombardeada bombardeando bombardeaba
        nación: naciones
        sanción: sanciones
        militar: militares
        ruso: rusa rusos rusas
        iraní: iraníes iranís
        francés: francesa franceses francesas
        director: directora directores directoras
        alemán: alemana alemanes alemanas
        económico: económica económicos económicas
        voz: voces
        crisis:
        ley: leyes
        rebelde: rebeldes
        ucraniano: ucraniana ucranianos ucranianas
        presidente: presidentes
        vender: vende venden vendió vendieron vendido vendiendo
        español: española españoles españolas
    """,
    "ru": """
        ракета: ракеты ракете ракету ракетой ракетою ракет ракетам ракетами ракетах
        делегация: делегации делегацию делегацией делегаций делегациям делегациями делегациях
        министр: министра министру министром министре министры министров министрам министрами министрах
        танк: танка танку танком танке танки танков танкам танками танках
        область: области областью областей областям областями областях
        корабль: корабля кораблю кораблем корабле корабли кораблей кораблям кораблями кораблях
        правительство: правительства правительству правительством правительстве правительств правительствами
        заявление: заявления заявлению заявлением заявлении заявлений заявлениям заявлениями заявлениях
        палестинец: палестинца палестинцу палестинцем палестинце палестинцы палестинцев палестинцам палестинцами
        боец: бойца бойцу бойцом бойце бойцы бойцов бойцам бойцами бойцах
        рынок: рынка рынку рынком рынке рынки рынков рынкам рынками рынках
        день: дня дню днём дне дни дней дням днями днях
        земля: земли земле землю землёй земель землям землями землях
        сделка: сделки сделке сделку сделкой сделок сделкам сделками сделках
        война: войны войне войну войной войн войнам войнами войнах
        статья: статьи статье статью статьёй статей статьям статьями статьях
        музей: музея музею музеем музее музеи музеев музеям музеями музеях
        сценарий: сценария сценарию сценарием сценарии сценариев сценариям сценариями сценариях
        российский: российского российскому российским российском российская российской российскую российские российских
        внешний: внешнего внешнему внешним внешнем внешняя внешней внешнюю внешние внешних внешними
        ядерный: ядерного ядерному ядерным ядерном ядерная ядерной ядерную ядерное ядерные ядерных ядерными
        атаковать: атакует атакуют атаковал атаковала атаковали атакован атакованы
        задержать: задержал задержала задержали задержан задержана задержаны
        Путин: Путина Путину Путиным Путине
        Лавров: Лаврова Лаврову Лавровым Лаврове
        посол: посла послу послом послы послов послам послами послах
        море: моря морю морем морей морям морями морях
        письмо: письма письму письмом письме писем письмам письмами письмах
    """,
    "uk": """
        ракета: ракети ракеті ракету ракетою ракет ракетам ракетами ракетах
        делегація: делегації делегацію делегацією делегацій делегаціям делегаціями делегаціях
        міністр: міністра міністру міністрові міністром міністрі міністри міністрів міністрам міністрами міністрах
        танк: танка танку танком танки танків танкам танками танках
        область: області областю областей областям областями областях
        незалежність: незалежності незалежністю
        уряд: уряду урядові урядом уряді уряди урядів урядам урядами урядах
        рішення: рішенню рішенням рішенні рішень рішеннями рішеннях
        українець: українця українцю українцеві українцем українці українців українцям українцями українцях
        боєць: бійця бійцю бійцем бійці бійців бійцям бійцями бійцях
        ринок: ринку ринком ринки ринків ринкам ринками ринках
        Київ: Києва Києву Києвом Києві
        Харків: Харкова Харкову Харковом Харкові
        атака: атаки атаці атаку атакою атак атакам атаками атаках
        перемога: перемоги перемозі перемогу перемогою перемог перемогам перемогами
        рік: року роком році роки років рокам роками роках
        російський: російського російському російським російська російської російській російську російською російських
        зовнішній: зовнішнього зовнішньому зовнішнім зовнішня зовнішньої зовнішню зовнішні зовнішніх
        атакувати: атакує атакують атакував атакувала атакували
        договір: договору договором договорі договори договорів договорам договорами договорах
        Зеленський: Зеленського Зеленському Зеленським
        військо: війська військові військом військ військам військами військах
    """,
    "tr": """
        füze: füzeler füzeyi füzeye füzede füzeden füzenin füzesi füzesini füzeleri füzelerin füzelerle füzeyle
        saldırı: saldırılar saldırıyı saldırıya saldırıda saldırıdan saldırının saldırısı saldırısını saldırıları
        ülke: ülkeler ülkeyi ülkeye ülkede ülkeden ülkenin ülkesi ülkemiz ülkemizin ülkelerin ülkelerinden
        bakan: bakanlar bakanı bakana bakanda bakandan bakanın bakanları bakanının bakanına
        başkan: başkanı başkana başkanın başkanlar başkanları
        uçak: uçaklar uçağı uçağa uçakta uçaktan uçağın uçakları uçağıyla
        kitap: kitaplar kitabı kitaba kitapta kitaptan kitabın kitapları
        devlet: devletler devleti devlete devlette devletten devletin devletleri devletlerin
        İran: İranı İrana İranda İrandan İranın
        Türkiye: Türkiyeye Türkiyede Türkiyeden Türkiyenin Türkiyeyi
        ordu: ordular orduyu orduya orduda ordudan ordunun ordusu ordusunun ordusuna
        gün: günler günü güne günde günden günün günleri
        savaş: savaşlar savaşı savaşa savaşta savaştan savaşın savaşları
        çocuk: çocuklar çocuğu çocuğa çocukta çocuktan çocuğun çocukları
        anlaşma: anlaşmalar anlaşmayı anlaşmaya anlaşmada anlaşmadan anlaşmanın anlaşması anlaşmasını
        saldırmak: saldırdı saldırdılar saldırıyor saldıracak saldıran saldırmış
        açıklamak: açıkladı açıklıyor açıklayacak açıklayan açıklamış
        rehine: rehineler rehineyi rehinenin rehinelerin rehineleri
        hükümet: hükümeti hükümete hükümetin hükümetler hükümetinin
    """,
    "ar": """
        صاروخ: الصاروخ صواريخ الصواريخ بالصواريخ صاروخين صاروخا بصاروخ وصواريخ
        حكومة: الحكومة للحكومة والحكومة بحكومة حكومات الحكومات حكومته حكومتها
        رئيس: الرئيس والرئيس للرئيس رؤساء الرؤساء رئيسا لرئيس ورئيس
        هجوم: الهجوم هجمات الهجمات بالهجوم هجوما والهجوم
        دولة: الدولة دول الدول للدول دولتين والدول
        وزير: الوزير وزراء الوزراء ووزير لوزير والوزير للوزراء
        مدينة: المدينة مدن المدن بالمدينة ومدينة مدينتي
        اتفاق: الاتفاق اتفاقا اتفاقات الاتفاقات بالاتفاق للاتفاق
        غارة: غارات الغارات الغارة وغارات بغارة
        مقاتل: المقاتلين مقاتلون مقاتلين المقاتل مقاتلا
        إيراني: الإيراني إيرانية الإيرانية الإيرانيين إيرانيون والإيرانية
        حرب: الحرب حروب الحروب والحرب للحرب بحرب
        قوة: القوة قوات القوات وقوات للقوات بقوة قواته
        إسرائيل: وإسرائيل بإسرائيل لإسرائيل
        سفينة: السفينة سفن السفن بسفينة سفينتين وسفن
        رهينة: رهائن الرهائن الرهينة والرهائن
        قتل: قتلت يقتل تقتل قتلوا
        عقوبة: عقوبات العقوبات والعقوبات بعقوبات
    """,
    "fa": """
        موشک: موشک‌ها موشک‌های موشکها موشکی موشک‌هایی موشکهای
        حمله: حمله‌ها حمله‌های حملات حمله‌ای
        وزیر: وزیران وزرا وزرای وزیری
        کشور: کشورها کشورهای کشوری کشورش کشورمان کشورهایی
        نماینده: نمایندگان نماینده‌ها نماینده‌ای نماینده‌های
        نیرو: نیروها نیروهای نیروی نیروهایش
        دولت: دولت‌ها دولت‌های دولتی دولتش
        رهبر: رهبران رهبرها رهبری
        تحریم: تحریم‌ها تحریم‌های تحریمی تحریم‌هایی
        دانشجو: دانشجویان دانشجوها دانشجوی
        سلاح: سلاح‌ها سلاح‌های تسلیحات
        بزرگ: بزرگ‌تر بزرگترین بزرگتر بزرگان
        کشتن: کشت کشتند کشته می‌کشت می‌کشتند
        شهر: شهرها شهرهای شهری شهرش شهرهایی
        جنگ: جنگ‌ها جنگ‌های جنگی
        گزارش: گزارش‌ها گزارش‌های گزارشی گزارش‌هایی
        سفیر: سفیران سفرا سفرای سفیری
        خبر: خبرها خبرهای اخبار خبری
    """,
}  # fmt: skip

# Word and other words that look like forms of it.
STRANGERS = {
    "en": "missile: missed mission missionary; army: arm arms armed; port: portal important sport; news: new; "
    "Hamas: Hama; even: evening; war: warn ward warm; crisis: crisp; strike: striker string; ally: alley",
    "de": "Rakete: Rakel racket; Krieg: Krieger kriegt; Hafen: Haft haften; Land: landet Landung; Kampf: Kämpfer; "
    "Waffe: Waffel; Hamas: Hama; Minister: Ministerium Ministerin; Bank: Banker",
    "fr": "arme: armée armées armateur; port: porte portes porté; président: préside présider; étranger: étrange; "
    "mois: moi; mer: mère merci; parti: partie; Paris: pari; plan: plane",
    "es": "puerto: puerta puertas; caso: casa casas; familiar: familia; partido: partida; militar: milita milicia; "
    "banco: banca; medio: media; ruso: uso; plan: plana",
    "ru": "посол: после; мир: мировой миру́н мираж; страна: странный сторона; суд: судно судья; война: воин военный; "
    "ракета: ракетный ракетчик; Лавров: лавра лавры; министр: министерство; удар: ударный; Газа: газета",
    "uk": "мир: мирний; країна: крайній; ракета: ракетний; суд: суддя судно; війна: військо воїн; порт: портал",
    "tr": "ülke: ülkücü; savaş: savaşçı savcı; ordu: oradan; bakan: bakanlık; gün: güney güneş; başkan: baş başka; "
    "İran: Irak İranlı",
    "ar": "حرب: حربي حراب; وزير: وزارة وزارات; مصر: مصرف مصير; دولة: دولي دولار; قتل: قاتل مقتل; "
    "رئيس: رئاسة رئيسي; سلام: سلاح; حزب: حزن",
    "fa": "مرد: مردم; موشک: موش; کشور: کشت کشاورز; شهر: شهردار شهریور; جنگ: جنگل; وزیر: وزارت; ایران: ایراد; لندن: لند",
}  # fmt: skip


def _paradigms() -> list[tuple[str, str, list[str]]]:
    lines = [(language, line) for language, listed in PARADIGMS.items() for line in listed.strip().splitlines()]
    return [
        (language, word.strip(), forms.split())
        for language, (word, _, forms) in ((language, line.partition(":")) for language, line in lines)
    ]


@pytest.mark.parametrize(("language", "word", "forms"), _paradigms())
def test_word_finds_the_forms_of_its_paradigm(language: str, word: str, forms: list[str]) -> None:
    found = forms_of(fold(word), language)
    assert [form for form in forms if fold(form) not in found] == []
    assert fold(word) in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_words_are_no_forms(language: str) -> None:
    for listed in STRANGERS[language].split(";"):
        word, _, strangers = listed.strip().partition(": ")
        found = forms_of(fold(word), language)
        assert [stranger for stranger in strangers.split() if fold(stranger) in found] == [], word


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_forms_lead_back_to_the_word(language: str) -> None:
    pairs = [(word, form) for one, word, forms in _paradigms() if one == language for form in forms]
    back = sum(fold(word) in forms_of(fold(form), language) for word, form in pairs)
    assert back / len(pairs) >= 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_are_folded_and_few(language: str) -> None:
    for one, word, forms in _paradigms():
        for each in (word, *forms) if one == language else ():
            found = forms_of(fold(each), language)
            assert len(found) <= FORMS_LIMIT
            assert [form for form in found if fold(form) != form] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("word", ["", "x", "ес", "12", "2022", "俄", "a" * 5_000, "لل", "الا", "-"])
def test_what_is_no_inflected_word_is_itself(word: str, language: str) -> None:
    found = forms_of(word, language)
    assert word in found
    assert len(found) <= FORMS_LIMIT
    if len(word) < 3 or word.isdigit():
        assert found == {word}


def test_known_word_costs_microseconds() -> None:
    forms_of("صاروخ", "ar")
    began = time.perf_counter()
    for _ in range(1_000):
        forms_of("صاروخ", "ar")
    assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize(
    ("word", "language"), [("missile", "en"), ("ракета", "ru"), ("збір", "uk"), ("حمله", "ar"), ("پهپاد", "fa")]
)
def test_letters_tell_the_language(word: str, language: str) -> None:
    assert language_of(word) == language
