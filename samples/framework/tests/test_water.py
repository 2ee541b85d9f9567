'''
Stories of tides, depths and weather.
'''

from __future__ import annotations

import pytest
from openings import CALL, IN_PORT

START = 20_000 * 1440 + 8 * 60
TURNS = [
    {'minute': START + 370 * number - 180, 'height': 4.0 if number % 2 else 0.4, 'high': bool(number % 2)}
    for number in range(10)
]


def test_tides(story, answers):
    answers['turns'] = TURNS
    story(
        *IN_PORT[:2],
        ('tide.height', {}, 'tide-refused'),
        ('tide.next-high', {}, 'tide-refused'),
        ('tide.refresh', {}, {'turns': 10, 'forgotten': 0}),
        ('tide.height', {'in_minutes': 190}, {'height': 4.0, 'rises': False}),
        ('tide.height', {'in_minutes': 5}, {'height': 2.2, 'rises': True}),
        ('tide.next-high', {}, {'at': '11:10', 'height': 4.0, 'spring': True}),
        ('tide.window', {**CALL, 'bar': 5.0}, {'opens': 90, 'closes': 300}),
        ('tide.window', {**CALL, 'bar': 3.0}, 'tide-refused'),
    )
    answers['turns'] = [TURNS[0], TURNS[0]]
    story(('tide.refresh', {}, 'tide-refused'))


def test_soundings(story):
    story(
        *IN_PORT,
        ('water.trend', {'place': 'N1', 'least': 8.0}, 'sounding-refused'),
        *[
            step
            for day in range(4)
            for step in [
                ('water.sound', {'place': 'N1', 'metres': round(9.0 - 0.1 * day, 1)}, {'soundings': day + 1}),
                (1440,),
            ]
        ],
        ('water.sound', {'place': 'N1', 'metres': 5.0}, 'sounding-refused'),
        ('water.trend', {'place': 'N1', 'least': 8.0}, {'per_year': -36.5, 'days': 6}),
        ('water.dredge', {'cubic_metres': 5000}, {'dredge': ['N1'], 'mud': 1620, 'skipped': 0}),
        ('water.dredge', {'cubic_metres': 500}, {'dredge': [], 'mud': 0, 'skipped': 1}),
    )


def test_weather(story, answers):
    answers['harbour'] = {'knots': [30] * 20 + [10] * 6 + [36] * 10}
    calm = {'knots': 10, 'direction': 350, 'sight': 9000}
    story(
        ('weather.work', {}, 'weather-refused'),
        ('weather.note', calm, {'warnings': [], 'from_the': 'N'}),
        ('weather.trend', {}, 'weather-refused'),
        ('weather.work', {}, {'stopped': []}),
        (30,),
        ('weather.note', {'knots': 30, 'gusts': 36, 'direction': 30, 'sight': 800},
         {'warnings': ['gale', 'fog'], 'from_the': 'NE'}),
        ('weather.trend', {}, {'words': 'freshens and veers', 'change': 20, 'turn': 40}),
        ('weather.work', {}, {'allowed': ['cranes'], 'stopped': ['boats', 'bunkering', 'pilots']}),
        ('weather.fetch', {}, {'calm_in': 20, 'knots': 10.0, 'gale': True}),
        (1500,),
        ('weather.log', {}, {'dropped': 1, 'kept': 1}),
    )


@pytest.mark.parametrize('hours', [0, 5])
def test_a_short_forecast_is_refused(story, answers, hours):
    answers['harbour'] = {'knots': [3] * hours}
    story(('weather.fetch', {}, 'weather-refused'))
